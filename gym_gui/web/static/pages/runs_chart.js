// Learning curves of the selected runs; those of one row are one line with its band.
import { html, useEffect, useMemo, useState } from "../ui/html.js";
import { Chart } from "../ui/chart.js";
import { ErrorBox } from "../ui/error.js";
import { statistic } from "../ui/statistic.js";
import { address, call } from "../api.js";
import { bandLines, learningCurve, singleLines } from "../curves.js";
import { useRefresh } from "../refresh.js";
import { seriesLook } from "../session.js";
import { shortId } from "../url.js";

const POINTS = 256;

/** @param {{ends: string[], rows: import("./runs_columns.js").Row[], folded: boolean}} props ends: of ids */
export function SelectedChart({ ends, rows, folded }) {
  const [runs, setRuns] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const { centre, spread } = statistic();
  const key = ends.join(",");
  const turn = useRefresh(runs ?? []);
  useEffect(() => {
    const stop = new AbortController();
    call(address("/compare", { runs: key, points: POINTS, settings: "false" }), { signal: stop.signal }).then(
      (page) => { setRuns(page.runs); setError(null); },
      (fault) => { if (!stop.signal.aborted) setError(fault); },
    );
    return () => stop.abort();
  }, [key, turn]);
  // Which run is in which row, as one text: rows are made anew with each update.
  const places = folded ? rows.filter((row) => row.group).map((row) => `${row.key}\t${row.ids.map(shortId).join(",")}\t${row.run.name.replace(/ s\d+$/, "")}\t${row.run.sequence}`).join("\n") : "";
  const lines = useMemo(() => linesOf(runs ?? [], places, { centre, spread, smooth: 0, raw: false, logX: false }), [runs, places, centre, spread]);
  if (error) return html`<${ErrorBox} error=${error} />`;
  if (!runs) return null;
  if (!lines.some((line) => line.x.length)) return html`<p class="muted">No training episode of the selected runs has ended yet.</p>`;
  return html`<div class="pane"><${Chart} lines=${lines} xLabel="environment steps" yLabel="mean return" height=${260} name="selected runs" /></div>`;
}

/** @param {any[]} runs @param {string} places @param {import("../curves.js").Options} options */
function linesOf(runs, places, options) {
  const curves = runs.filter((run) => run.curve.length).map(learningCurve);
  /** @type {Map<string, {label: string, sequence: number, members: typeof curves}>} */
  const groups = new Map();
  const rowOf = new Map(places.split("\n").filter(Boolean).flatMap((line) => {
    const [key, ids, label, sequence] = line.split("\t");
    groups.set(key, { label, sequence: Number(sequence), members: [] });
    return ids.split(",").map((id) => /** @type {[string, string]} */ ([id, key]));
  }));
  const alone = curves.filter((curve) => {
    const group = groups.get(rowOf.get(shortId(curve.run.id)) ?? "");
    group?.members.push(curve);
    return !group;
  });
  const single = [...groups.values()].filter(({ members }) => members.length === 1).flatMap(({ members }) => members);
  const several = [...groups.values()].filter(({ members }) => members.length > 1);
  const bands = several.map(({ label, sequence, members }) => ({ label, members, colour: seriesLook(sequence).colour, dash: seriesLook(sequence).dash }));
  return [...bandLines(bands, options), ...singleLines([...single, ...alone], 0)];
}

/** @param {number | string | null} value */
export const finite = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
