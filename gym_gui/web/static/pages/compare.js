// Several runs beside each other: their curves, one by one or together; any setting against any result; what differs.
import { html, useMemo } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { StatisticChoice } from "../ui/statistic.js";
import { change, follow, parameters } from "../url.js";
import { ViewMenu } from "./views.js";
import { CompareCurves } from "./compare_curves.js";
import { brushed, keyOf, useRuns } from "./compare_data.js";
import { CompareParallel } from "./compare_parallel.js";
import { CompareScatter } from "./compare_scatter.js";
import { CompareTable } from "./compare_table.js";

/** @type {Record<string, [string, any]>} */
const VIEWS = { curves: ["Curves", CompareCurves], scatter: ["Scatter", CompareScatter], parallel: ["Parallel coordinates", CompareParallel] };
/** @type {[string, string][]} */
const GROUPS = [["none", "each run"], ["seeds", "seeds together"], ["algo", "by algorithm"], ["env", "by environment"], ["worker", "by worker"], ["group", "by submission"], ["tag", "by tags"]];

export default function Compare() {
  const get = (/** @type {string} */ name) => parameters.value.get(name) ?? "";
  const runs = get("runs");
  const view = VIEWS[get("view")] ? get("view") : "curves";
  const { page, error } = useRuns(runs, parameters.value.get("q"));
  const by = get("by") || "none";
  const picked = useMemo(() => brushed(page, get("brush")), [page, get("brush")]);
  const key = useMemo(() => (page && by !== "none" ? keyOf(page, by) : null), [page, by]);
  if (!runs && parameters.value.get("q") === null) {
    return html`<p class="empty" onClick=${follow}>No runs are selected. Select some in the <a href="/">list of runs</a>, then choose "Compare"; or compare <a href="/compare?q=&by=seeds">all of them</a>.</p>`;
  }
  if (error) return html`<div onClick=${follow}><${ErrorBox} error=${error} /><a href="/">All runs</a></div>`;
  if (!page) return html`<p class="muted">loading …</p>`;
  const names = Object.keys(page.settings);
  const Shown = VIEWS[view][1];
  return html`<div onClick=${follow}>
    <div class="bar"><h1 style=${{ margin: 0 }}>${page.runs.length} run${page.runs.length === 1 ? "" : "s"}</h1>
      <nav class="switch" aria-label="Kind of chart">${Object.entries(VIEWS).map(([name, [title]]) => html`<button type="button" aria-pressed=${name === view}
        onClick=${() => change({ view: name === "curves" ? null : name, zoom: null })}>${title}</button>`)}</nav>
      <select aria-label="together by" value=${by} onChange=${(/** @type {any} */ event) => change({ by: event.target.value === "none" ? null : event.target.value })}>
        ${GROUPS.map(([value, name]) => html`<option value=${value}>${name}</option>`)}
        ${names.map((name) => html`<option value=${`config.${name}`}>by ${name}</option>`)}</select>
      ${by !== "none" && html`<${StatisticChoice} />`}
      <${ViewMenu} />
      ${page.total > page.runs.length && html`<span class="flag">the newest ${page.runs.length} of ${page.total} that match</span>`}
      ${page.missing.length > 0 && html`<span class="flag">${page.missing.length} are gone</span>`}</div>
    ${page.runs.length === 0 ? html`<p class="empty">No run matches. <a href="/">All runs</a></p>` : html`
    <${Shown} page=${page} keyOf=${key} picked=${picked} />
    <${CompareTable} page=${page} keyOf=${key} picked=${picked} />`}
  </div>`;
}
