// What the processes of a run use over time: CPU, memory, memory of GPUs; measured every few seconds by its supervisor.
import { html, useEffect, useMemo, useState } from "../ui/html.js";
import { Chart } from "../ui/chart.js";
import { ErrorBox } from "../ui/error.js";
import { call } from "../api.js";
import { decimal, number, size } from "../format.js";
import { linesOf, nameOf } from "../series_lines.js";
import { seriesLook } from "../session.js";

/** Milliseconds between two looks while the run goes on. */
const EVERY = 5000;
const MIB = 2 ** 20;
/** @type {Record<string, {title: string, axis: string, scale: number, words: (value: number | null) => string}>} */
const SHOWN = {
  "system/cpu": { title: "CPU", axis: "% of one core", scale: 1, words: (value) => `${decimal(value)} %` },
  "system/memory": { title: "Memory", axis: "MiB, resident", scale: MIB, words: size },
  "system/gpu_memory": { title: "Memory on GPUs", axis: "MiB", scale: MIB, words: size },
};

/** @param {{run: any}} props */
export function System({ run }) {
  const [found, setFound] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const ended = ["completed", "failed", "cancelled", "lost"].includes(run.state);
  useEffect(() => {
    const stop = new AbortController();
    const look = async () => {
      if (document.hidden) return;
      try {
        const { series } = await call(`/runs/${run.run_id}/series`, { signal: stop.signal });
        const names = series.filter((/** @type {any} */ each) => each.kind === "system");
        if (names.length === 0) { setFound([]); setError(null); return; }
        const query = new URLSearchParams({ runs: run.run_id, x: "relative", points: "800" });
        for (const each of names) query.append("name", each.name);
        const answer = await call(`/series?${query}`, { signal: stop.signal });
        setFound(answer.series.map((/** @type {any} */ each) => ({ ...names.find((/** @type {any} */ one) => one.name === each.name), lines: each.lines })));
        setError(null);
      } catch (fault) {
        if (!stop.signal.aborted) setError(fault);
      }
    };
    look();
    const timer = ended ? undefined : setInterval(look, EVERY);
    return () => { stop.abort(); clearInterval(timer); };
  }, [run.run_id, ended]);
  if (error && !found) return html`<${ErrorBox} error=${error} />`;
  if (!found) return html`<p class="muted">loading …</p>`;
  if (found.length === 0) return html`<p class="empty">${ended ? "It was not measured: it ended before the first sample, or was made by an earlier version." : "Nothing has been measured yet; a sample is taken every few seconds while it runs."}</p>`;
  return html`<div>
    <${ErrorBox} error=${error} />
    <div class="columns">${found.map((each) => html`<${Usage} key=${each.name} run=${run} series=${each} />`)}</div>
    <p class="muted">Of each worker with all processes that it has started. CPU is the share of one core since the sample before: 200 % are two cores.</p>
  </div>`;
}

/** @param {{run: any, series: any}} props */
function Usage({ run, series }) {
  const shown = SHOWN[series.name] ?? { title: series.name, axis: "", scale: 1, words: decimal };
  const lines = useMemo(() => series.lines.flatMap((/** @type {any} */ line, /** @type {number} */ index) =>
    linesOf(scaled(line, shown.scale), { label: nameOf(line, series.lines.length > 1), colour: seriesLook(run.sequence + index).colour }, 0, false)), [series]);
  return html`<section class="pane" aria-label=${shown.title}>
    <h2>${shown.title} <span class="muted">${shown.words(number(series.last))} last · ${shown.words(number(series.high))} at most</span></h2>
    <${Chart} lines=${lines} xLabel="seconds since the start" yLabel=${shown.axis} height=${200} sync="system" name=${`${run.run_name} ${shown.title}`} />
  </section>`;
}

/** @param {any} line @param {number} scale */
function scaled(line, scale) {
  if (scale === 1) return line;
  const column = (/** @type {string} */ name) => line[name].map((/** @type {any} */ value) => Number(value) / scale);
  return { ...line, low: column("low"), mean: column("mean"), high: column("high"), last: column("last") };
}
