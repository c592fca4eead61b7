// Which columns the list shows and in which order, and what its runs are grouped by.
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { address, call } from "../api.js";
import { change, parameters } from "../url.js";
import { colsOf, columnOf, knownNames, shownColumns } from "./runs_columns.js";

/** Groupings that are always offered. @type {[string, string][]} */
const GROUPS = [["variant", "seeds folded"], ["none", "every run"], ["env", "by environment"], ["algo", "by algorithm"], ["worker", "by worker"], ["env,algo", "by environment and algorithm"], ["group", "by submission"], ["tag", "by tags"]];
/** Runs whose settings are offered: the newest. */
const LOOKED_AT = 30;

/** Names of settings and metrics of the newest runs, once they are asked for.
 * @param {boolean} wanted @param {string} query */
function useNames(wanted, query) {
  const [names, setNames] = useState({ config: /** @type {string[]} */ ([]), metric: /** @type {string[]} */ ([]) });
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    if (!wanted) return;
    call(address("/runs", { q: query, limit: LOOKED_AT, columns: "config.*" })).then(async ({ runs }) => {
      const config = [...new Set(runs.flatMap((/** @type {any} */ run) => Object.keys(run.values)))].sort();
      setNames({ config, metric: [] });
      const found = runs.length ? await call(`/runs/${runs[0].id}/series`) : { series: [] };
      setNames({ config, metric: found.series.filter((/** @type {any} */ each) => each.kind === "metric").map((/** @type {any} */ each) => `metric.${each.name.replace(/^metric:/, "")}`) });
    }).catch(setError);
  }, [wanted, query]);
  return { names, error };
}

/** @param {{value: string}} props */
export function GroupChoice({ value }) {
  const [asked, setAsked] = useState(false);
  const { names } = useNames(asked, "");
  const settings = [...new Set([...names.config, ...(GROUPS.some(([each]) => each === value) ? [] : [value])])];
  return html`<select value=${value} aria-label="Group" onPointerDown=${() => setAsked(true)} onFocus=${() => setAsked(true)}
      onChange=${(/** @type {any} */ event) => change({ group: event.target.value === "variant" ? null : event.target.value, n: null })}>
    ${GROUPS.map(([each, name]) => html`<option value=${each}>${name}</option>`)}
    ${settings.length > 0 && html`<optgroup label="by setting">${settings.map((name) => html`<option value=${name}>by ${name.replace(/^config\./, "")}</option>`)}</optgroup>`}</select>`;
}

export function ColumnMenu() {
  const [open, setOpen] = useState(false);
  const [find, setFind] = useState("");
  const menu = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const { names, error } = useNames(open, parameters.value.get("q") ?? "");
  useEffect(() => {
    const leave = (/** @type {Event} */ event) => { if (menu.current && !menu.current.contains(/** @type {Node} */ (event.target))) menu.current.open = false; };
    addEventListener("pointerdown", leave);
    return () => removeEventListener("pointerdown", leave);
  }, []);
  const shown = shownColumns().map(({ name }) => name);
  const put = (/** @type {string[]} */ next) => change({ cols: colsOf(next) });
  const move = (/** @type {number} */ at, /** @type {number} */ by) => {
    const next = [...shown];
    [next[at], next[at + by]] = [next[at + by], next[at]];
    put(next);
  };
  const more = [...knownNames(), ...names.config, ...names.metric].filter((name) => !shown.includes(name) && name.toLowerCase().includes(find.toLowerCase()));
  return html`<details class="menu wide" ref=${menu} onToggle=${(/** @type {any} */ event) => setOpen(event.target.open)}><summary class="button">Columns</summary>
    <div class="pane columns-menu">
      ${open && html`${shown.map((name, at) => html`<div class="bar" key=${name}><label class="grow"><input type="checkbox" checked disabled=${shown.length === 1} onChange=${() => put(shown.filter((each) => each !== name))} /> ${columnOf(name).title}</label>
        <button type="button" class="quiet" aria-label=${`Move ${name} to the left`} disabled=${at === 0} onClick=${() => move(at, -1)}>↑</button>
        <button type="button" class="quiet" aria-label=${`Move ${name} to the right`} disabled=${at === shown.length - 1} onClick=${() => move(at, 1)}>↓</button></div>`)}
      <input type="search" aria-label="Find a column" placeholder="find a setting, a metric …" value=${find} onInput=${(/** @type {any} */ event) => setFind(event.target.value)} />
      <${ErrorBox} error=${error} />
      ${more.slice(0, 60).map((name) => html`<div class="bar" key=${name}><label class="grow"><input type="checkbox" onChange=${() => put([...shown, name])} /> ${name}</label></div>`)}
      ${find && !more.includes(find) && /^(config|metric)\../.test(find) && html`<div class="bar"><label class="grow"><input type="checkbox" onChange=${() => put([...shown, find])} /> ${find}</label></div>`}
      ${(parameters.value.get("cols") || parameters.value.get("w")) && html`<button type="button" onClick=${() => change({ cols: null, w: null })}>As at first</button>`}`}
    </div></details>`;
}
