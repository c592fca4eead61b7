// Learning curves of the selected runs.
import { html, useEffect, useState } from "../ui/html.js";
import { Chart } from "../ui/chart.js";
import { ErrorBox } from "../ui/error.js";
import { address, call } from "../api.js";
import { seriesLook } from "../session.js";

const POINTS = 256;

/** @param {{ids: string[]}} props */
export function SelectedChart({ ids }) {
  const [lines, setLines] = useState(/** @type {any[]} */ ([]));
  const [error, setError] = useState(/** @type {any} */ (null));
  const key = ids.join(",");
  useEffect(() => {
    const stop = new AbortController();
    call(address("/compare", { runs: key, points: POINTS, settings: "false" }), { signal: stop.signal }).then(
      (page) => { setLines(page.runs.map(lineOf)); setError(null); },
      (fault) => { if (!stop.signal.aborted) setError(fault); },
    );
    return () => stop.abort();
  }, [key]);
  if (error) return html`<${ErrorBox} error=${error} />`;
  const drawn = lines.filter((line) => line.x.length);
  if (!drawn.length) return html`<p class="muted">No training episode of the selected runs has ended yet.</p>`;
  return html`<div class="pane"><${Chart} lines=${drawn} xLabel="environment steps" yLabel="mean return" height=${260} /></div>`;
}

/** @param {any} run @returns {import("../ui/chart_range.js").Line} */
export function lineOf(run) {
  const { colour, dash } = seriesLook(run.sequence);
  const [x, y] = run.curve.length ? run.curve : [[], []];
  return { label: run.name, colour, dash: dash.length ? dash : undefined, x, y: y.map(finite), key: run.id };
}

/** @param {number | string | null} value */
export const finite = (value) => (typeof value === "number" && Number.isFinite(value) ? value : null);
