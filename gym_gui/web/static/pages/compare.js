// Several runs beside each other: their curves, one by one or together, and the settings in which they differ.
import { html, useEffect, useMemo, useState } from "../ui/html.js";
import { Chart } from "../ui/chart.js";
import { ErrorBox } from "../ui/error.js";
import { State } from "../ui/state.js";
import { address, call } from "../api.js";
import { decimal, number, short } from "../format.js";
import { seriesLook } from "../session.js";
import { change, follow, parameters } from "../url.js";
import { lineOf } from "./runs_chart.js";

const GRID = 200;

export default function Compare() {
  const runs = parameters.value.get("runs") ?? "";
  const by = parameters.value.get("by") ?? "";
  const log = parameters.value.get("log") === "1";
  const [page, setPage] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    if (!runs) return undefined;
    const stop = new AbortController();
    call(address("/compare", { runs }), { signal: stop.signal }).then((found) => { setPage(found); setError(null); }, (fault) => { if (!stop.signal.aborted) setError(fault); });
    return () => stop.abort();
  }, [runs]);
  const names = page ? Object.keys(page.settings) : [];
  const lines = useMemo(() => (page ? (by ? bands(page, by) : page.runs.map(lineOf)).filter((/** @type {any} */ line) => line.x.length) : []), [page, by]);
  if (!runs) return html`<p class="empty" onClick=${follow}>No runs are selected. Select some in the <a href="/">list of runs</a>, then choose "Compare".</p>`;
  if (error) return html`<div onClick=${follow}><${ErrorBox} error=${error} /><a href="/">All runs</a></div>`;
  if (!page) return html`<p class="muted">loading …</p>`;
  return html`<div onClick=${follow}>
    <div class="bar"><h1 style=${{ margin: 0 }}>${page.runs.length} runs</h1>
      <label>together by <select value=${by} onChange=${(/** @type {any} */ event) => change({ by: event.target.value })}>
        <option value="">each run</option><option value="algo">algorithm</option><option value="worker">worker</option><option value="env">environment</option>
        ${names.map((name) => html`<option value=${`config.${name}`}>${name}</option>`)}</select></label>
      <label><input type="checkbox" checked=${log} onChange=${() => change({ log: log ? null : "1" })} /> logarithmic</label>
      ${page.missing.length > 0 && html`<span class="flag">${page.missing.length} are gone</span>`}</div>
    ${lines.length > 0 ? html`<${Chart} lines=${lines} xLabel="environment steps" yLabel=${by ? "mean return, band from lowest to highest run" : "mean return"} height=${380} logY=${log} />`
      : html`<p class="muted">No training episode of these runs has ended yet.</p>`}
    ${by && html`<p class="bar">${lines.map((/** @type {any} */ line) => html`<span><span class="swatch" style=${{ background: line.colour }}></span><bdi>${line.label}</bdi></span>`)}</p>`}
    <h2>${names.length ? "Settings in which they differ" : "Their settings are the same"}</h2>
    <div class="scroll"><table>
      <thead><tr><th>run</th><th>state</th><th class="right">seed</th><th class="right">return</th><th class="right">best</th><th class="right">steps</th>${names.map((name) => html`<th class="right">${name}</th>`)}<th></th></tr></thead>
      <tbody>${page.runs.map((/** @type {any} */ run, /** @type {number} */ index) => html`<tr key=${run.id}>
        <td><span class="swatch" style=${{ background: seriesLook(run.sequence).colour }}></span><a href=${`/runs/${run.id}`}><bdi>${run.name}</bdi></a></td>
        <td><${State} state=${run.state} cause=${run.cause} /></td><td class="right">${run.seed ?? "-"}</td>
        <td class="right">${decimal(number(run.return))}</td><td class="right">${decimal(number(run.best))}</td><td class="right">${short(run.steps)}</td>
        ${names.map((name) => html`<td class="right"><code>${text(page.settings[name][index])}</code></td>`)}
        <td><button type="button" class="quiet" aria-label=${`Take ${run.name} out`} onClick=${() => change({ runs: runs.split(",").filter((id) => id !== run.id).join(",") })}>×</button></td></tr>`)}</tbody>
    </table></div>
  </div>`;
}

/** @param {unknown} value */
const text = (value) => (value === null || value === undefined ? "-" : typeof value === "string" ? value : JSON.stringify(value));

/** Curves of groups of runs: mean and range on the steps that all of a group have in common.
 * @param {any} page @param {string} by */
function bands(page, by) {
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  page.runs.forEach((/** @type {any} */ run, /** @type {number} */ index) => {
    if (!run.curve.length) return;
    const key = by.startsWith("config.") ? text(page.settings[by.slice(7)]?.[index]) : run[by] || "-";
    groups.set(key, [...(groups.get(key) ?? []), run]);
  });
  return [...groups].map(([label, runs], index) => {
    const first = Math.max(...runs.map((run) => run.curve[0][0]));
    const last = Math.min(...runs.map((run) => run.curve[0][run.curve[0].length - 1]));
    const x = last > first ? Array.from({ length: GRID }, (_, at) => first + ((last - first) * at) / (GRID - 1)) : [];
    const rows = x.map((at) => runs.map((run) => valueAt(run.curve[0], run.curve[1], at)));
    return {
      label: `${label} (${runs.length})`, colour: seriesLook(index).colour, width: 2, x,
      y: rows.map((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
      ...(runs.length > 1 ? { low: rows.map((values) => Math.min(...values)), high: rows.map((values) => Math.max(...values)) } : {}),
    };
  });
}

/** @param {number[]} x @param {number[]} y @param {number} at */
function valueAt(x, y, at) {
  let right = x.findIndex((each) => each >= at);
  if (right < 0) right = x.length - 1;
  if (right === 0) return y[0];
  const share = (at - x[right - 1]) / (x[right] - x[right - 1]);
  return y[right - 1] + share * (y[right] - y[right - 1]);
}
