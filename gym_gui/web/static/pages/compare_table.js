// The table below a comparison: groups with their results, then the runs and the settings in which they differ.
import { classes, html, useState } from "../ui/html.js";
import { Scroll } from "../ui/scroll.js";
import { State } from "../ui/state.js";
import { csv, save } from "../ui/save.js";
import { statistic } from "../ui/statistic.js";
import { decimal, number, short } from "../format.js";
import { farValues, interval } from "../statistics.js";
import { seriesLook } from "../session.js";
import { change, parameters, shortId } from "../url.js";
import { text } from "./compare_data.js";

/** Rows at first: a thousand would be all that the browser does. */
const FIRST = 50;
/** What has a column where it is not the same for all. */
const KINDS = ["worker", "algo", "env"];

/** @param {{page: any, keyOf: ((run: any) => string) | null, picked: Set<string>}} props */
export function CompareTable({ page, keyOf, picked }) {
  const [all, setAll] = useState(false);
  const names = Object.keys(page.settings).filter((name) => name !== "seed"); // it has a column of its own
  const properties = KINDS.filter((name) => new Set(page.runs.map((/** @type {any} */ run) => run[name])).size > 1);
  /** @type {{run: any, index: number}[]} */
  const rows = page.runs.map((/** @type {any} */ run, /** @type {number} */ index) => ({ run, index })).filter((/** @type {any} */ { run }) => !picked.size || picked.has(run.id));
  const shown = all ? rows : rows.slice(0, FIRST);
  const without = (/** @type {string} */ id) => page.runs.filter((/** @type {any} */ run) => run.id !== id).map((/** @type {any} */ run) => shortId(run.id)).join(",");
  const far = farRuns(page.runs, keyOf);
  const byQuery = !parameters.value.get("runs");
  return html`${keyOf && html`<${Groups} page=${page} keyOf=${keyOf} />`}
    <div class="bar"><h2 style=${{ margin: 0 }}>${names.length || properties.length ? "Settings in which they differ" : "Their settings are the same"}</h2>
      ${picked.size > 0 && html`<span>${picked.size} selected</span>
        <a class="button" href=${`/compare?runs=${[...picked].slice(0, 200).map(shortId).join(",")}`}>Compare these alone</a>
        <button type="button" class="quiet" onClick=${() => change({ brush: null })}>Select none</button>`}
      <button type="button" class="quiet push" onClick=${() => save("comparison.csv", table(page, names))}>Save as CSV</button></div>
    <${Scroll} label="Settings and results"><table>
      <thead><tr><th>run</th><th>state</th>${properties.map((name) => html`<th>${name}</th>`)}<th class="right">seed</th><th class="right">return</th><th class="right">best</th><th class="right">steps</th>${names.map((name) => html`<th class="right">${name}</th>`)}<th></th></tr></thead>
      <tbody>${shown.map(({ run, index }) => html`<tr key=${run.id} class=${classes(picked.has(run.id) && "selected")}>
        <td><span class="swatch" style=${{ background: seriesLook(run.sequence).colour }}></span><a href=${`/runs/${run.id}`}><bdi>${run.name}</bdi></a>
          ${run.diverged ? html` <span class="flag" title="returns that are not finite">diverged</span>` : far.has(run.id) && html` <span class="flag" title="its return lies far from those of the others">far off</span>`}</td>
        <td><${State} state=${run.state} cause=${run.cause} /></td>${properties.map((name) => html`<td>${run[name] || "-"}</td>`)}<td class="right">${run.seed ?? "-"}</td>
        <td class="right">${decimal(number(run.return))}</td><td class="right">${decimal(number(run.best))}</td><td class="right">${short(run.steps)}</td>
        ${names.map((name) => html`<td class="right"><code>${text(page.settings[name][index])}</code></td>`)}
        <td>${!byQuery && html`<button type="button" class="quiet" aria-label=${`Take ${run.name} out`} onClick=${() => change({ runs: without(run.id) })}>×</button>`}</td></tr>`)}</tbody>
    </table><//>
    ${shown.length < rows.length && html`<button type="button" onClick=${() => setAll(true)}>Show all ${rows.length}</button>`}`;
}

/** Ids of the runs whose return lies far from those of the others, of their group where there are groups.
 * @param {any[]} runs @param {((run: any) => string) | null} keyOf */
function farRuns(runs, keyOf) {
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const run of runs) {
    const key = keyOf ? keyOf(run) : `${run.algo} ${run.env}`;
    groups.set(key, [...(groups.get(key) ?? []), run]);
  }
  return new Set([...groups.values()].flatMap((group) => farValues(group.map((run) => number(run.return) ?? NaN)).filter((at) => group[at].return !== null).map((at) => group[at].id)));
}

/** Results of the groups with the chosen statistic. @param {{page: any, keyOf: (run: any) => string}} props */
function Groups({ page, keyOf }) {
  const { centre, spread } = statistic();
  /** @type {Map<string, any[]>} */
  const groups = new Map();
  for (const run of page.runs) groups.set(keyOf(run), [...(groups.get(keyOf(run)) ?? []), run]);
  const rows = [...groups].map(([name, runs]) => ({ name, runs, ...results(runs, centre, spread) })).sort((one, other) => (other.return?.centre ?? -Infinity) - (one.return?.centre ?? -Infinity));
  const cells = (/** @type {any} */ found) => html`<td class="right">${found ? decimal(found.centre) : "-"}</td><td class="right muted">${found && found.n > 1 ? `${decimal(found.low)} to ${decimal(found.high)}` : ""}</td>`;
  return html`<${Scroll} label="Groups"><table class="groups">
    <thead><tr><th>group</th><th class="right">n</th><th class="right">return</th><th class="right"></th><th class="right">best</th><th class="right"></th></tr></thead>
    <tbody>${rows.slice(0, FIRST).map((row) => html`<tr key=${row.name}><td title=${row.name}><bdi>${row.name}</bdi></td><td class="right">${row.runs.length}</td>${cells(row.return)}${cells(row.best)}</tr>`)}</tbody>
  </table><//>`;
}

/** @param {any[]} runs @param {import("../statistics.js").Centre} centre @param {import("../statistics.js").Spread} spread */
function results(runs, centre, spread) {
  const strata = runs.map((run) => run.env ?? "");
  return { return: interval(runs.map((run) => number(run.return)), centre, spread, strata), best: interval(runs.map((run) => number(run.best)), centre, spread, strata) };
}

/** @param {any} page @param {string[]} names */
function table(page, names) {
  /** @type {unknown[][]} */
  const rows = page.runs.map((/** @type {any} */ run, /** @type {number} */ index) => [
    run.id, run.name, run.state, run.worker, run.algo, run.env, run.seed, number(run.return), number(run.best), run.steps, run.tags.join(" "), ...names.map((name) => page.settings[name][index]),
  ]);
  return new Blob([csv([["id", "name", "state", "worker", "algo", "env", "seed", "return", "best", "steps", "tags", ...names.map((name) => `config.${name}`)], ...rows])], { type: "text/csv" });
}
