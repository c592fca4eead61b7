// The table of runs, and cards in its place on narrow screens.
import { classes, html, useEffect, useRef, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { narrow } from "../ui/narrow.js";
import { State } from "../ui/state.js";
import { csv, save } from "../ui/save.js";
import { address, call } from "../api.js";
import { ago } from "../format.js";
import { change, parameters } from "../url.js";
import { Curve, Name, Steps, furtherNames, result, resultOf, states, widths } from "./runs_columns.js";

/** @typedef {import("./runs_columns.js").Row} Row */
/** @typedef {import("./runs_columns.js").Column} Column */

/** Height of a row at least, in pixels. */
const ROW = 28;

/** Rows that fill the window; the others once these are painted. @param {Row[]} rows */
function useFirst(rows) {
  const [all, setAll] = useState(false);
  const first = Math.ceil(innerHeight / ROW);
  const more = !all && rows.length > first;
  useEffect(() => {
    if (!more) return undefined;
    const waiting = requestIdleCallback(() => setAll(true), { timeout: 500 });
    return () => cancelIdleCallback(waiting);
  }, [more]);
  return more ? rows.slice(0, first) : rows;
}

/** @param {{rows: Row[], columns: Column[], sort: string, selected: (id: string) => boolean, select: (ids: string[], on: boolean) => void, focus: number}} props */
export function RunTable({ rows: every, columns, sort, selected, select, focus }) {
  const rows = useFirst(every);
  const [open, setOpen] = useState(/** @type {Record<string, any[]>} */ ({}));
  const [error, setError] = useState(/** @type {any} */ (null));
  const body = useRef(/** @type {HTMLTableSectionElement | null} */ (null));
  useEffect(() => body.current?.querySelector(`[data-row="${focus}"]`)?.scrollIntoView({ block: "nearest" }), [focus]);
  const toggle = (/** @type {Row} */ row) => {
    if (open[row.key]) {
      const { [row.key]: _, ...others } = open;
      setOpen(others);
      return;
    }
    const terms = Object.entries(row.group.key).map(([field, values]) => {
      const list = /** @type {any[]} */ (values);
      return list.length ? list.map((value) => `${field}="${String(value).replace(/["\\]/g, "\\$&")}"`).join(" ") : `${field}:none`;
    });
    const query = [parameters.value.get("q") ?? "", ...terms].join(" ").trim();
    call(address("/runs", { q: query, sort: "seed", limit: 100, points: 40, columns: furtherNames(columns).join(",") })).then(
      (found) => { setOpen({ ...open, [row.key]: found.runs }); setError(null); }, setError);
  };
  /** @type {(row: Row, child: boolean, index: number) => any} */
  const line = (row, child, index) => {
    const focused = !child && index === focus;
    const on = row.ids.every(selected);
    return html`<tr key=${row.key} data-row=${child ? undefined : index} class=${classes(on && "selected", focused && "focused", child && "child")}>
      <td><input type="checkbox" checked=${on} aria-label=${`Select ${row.run.name}`} onChange=${() => select(row.ids, !on)} /></td>
      ${columns.map(({ name, right, cell }) => html`<td class=${right ? "right" : ""} data-column=${name}>${name === "name" && row.group
        ? html`<div class="title"><span>${cell(row)}</span><button type="button" class="quiet" aria-expanded=${Boolean(open[row.key])} aria-label=${`The single runs of ${row.run.name}`} title="The single runs" onClick=${() => toggle(row)}>${open[row.key] ? "▾" : "▸"}</button></div>`
        : cell(row)}</td>`)}
    </tr>
    ${open[row.key]?.map((run) => line({ key: run.id, ids: [run.id], run, group: null, values: run.values, far: row.group?.far.includes(run.id) }, true, -1))}`;
  };
  // The titles are one stop of the keyboard, so that few keys lead to the runs; arrow keys go from one to the next.
  const sorted = sort.replace(/^-/, "");
  const stop = columns.some((each) => each.sort === sorted) ? sorted : columns.find((each) => each.sort)?.sort;
  const wide = widths();
  if (narrow.value) return html`<div class="cards">${rows.map((row) => html`<${Card} key=${row.key} row=${row} on=${row.ids.every(selected)} select=${select} />`)}</div>`;
  return html`<${ErrorBox} error=${error} /><div class="scroll"><table class="runs">
    <thead onKeyDown=${walk}><tr><th></th>${columns.map(({ name, title, sort: field, right }) => html`<th key=${name} class=${right ? "right" : ""} aria-sort=${direction(sort, field)} title=${name === title ? undefined : name}
      style=${wide[name] ? { width: `${wide[name]}px`, minWidth: `${wide[name]}px`, maxWidth: `${wide[name]}px` } : undefined}>
      ${field ? html`<button type="button" tabindex=${field === stop ? 0 : -1} onClick=${() => change({ sort: next(sort, field) })}>${title}${mark(sort, field)}</button>` : title}
      <span class="resize" title="Drag to change the width" onPointerDown=${(/** @type {PointerEvent} */ event) => resize(event, name)}></span></th>`)}</tr></thead>
    <tbody ref=${body}>${rows.map((row, index) => line(row, false, index))}</tbody>
  </table></div>`;
}

/** Drags the edge of a column; a double click gives it its own width again.
 * @param {PointerEvent} event @param {string} name */
function resize(event, name) {
  const edge = /** @type {HTMLElement} */ (event.currentTarget);
  const head = /** @type {HTMLElement} */ (edge.closest("th"));
  const [start, began] = [event.clientX, head.offsetWidth];
  edge.setPointerCapture(event.pointerId);
  event.preventDefault();
  const put = (/** @type {number} */ width) => { for (const side of ["width", "minWidth", "maxWidth"]) head.style.setProperty(side.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`), `${width}px`); };
  edge.onpointermove = (moved) => put(Math.max(40, began + moved.clientX - start));
  edge.onpointerup = (moved) => {
    edge.onpointermove = edge.onpointerup = null;
    const all = widths();
    if (Math.abs(moved.clientX - start) > 2) all[name] = Math.round(Math.max(40, began + moved.clientX - start));
    change({ w: Object.entries(all).map(([each, width]) => `${each}.${width}`).join(",") });
  };
}

/** What the table shows, as a CSV file: of groups n, centre and range of their results.
 * @param {Row[]} rows @param {Column[]} columns */
export function saveRows(rows, columns) {
  const groups = rows.some((row) => row.group);
  const names = columns.filter(({ name }) => name !== "curve");
  const head = names.flatMap(({ name }) => (groups && ["return", "best"].includes(name) ? [name, `${name} low`, `${name} high`] : [name]));
  const lines = rows.map((row) => [row.group ? null : row.run.id, row.ids.length, ...names.flatMap(({ name, plain }) => {
    if (!groups || !["return", "best"].includes(name)) return [plain(row)];
    const found = resultOf(row, /** @type {"return" | "best"} */ (name));
    return [found?.centre, found?.low, found?.high];
  })]);
  save("runs.csv", new Blob([csv([["id", "n", ...head], ...lines])], { type: "text/csv" }));
}

/** @param {KeyboardEvent} event */
function walk(event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  const titles = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("button")];
  titles[titles.indexOf(/** @type {any} */ (event.target)) + by]?.focus();
  event.preventDefault();
}

/** @param {{row: Row, on: boolean, select: (ids: string[], on: boolean) => void}} props */
function Card({ row, on, select }) {
  const { run, group } = row;
  return html`<div class=${classes("card", on && "selected")}>
    <label class="tick"><input type="checkbox" checked=${on} aria-label=${`Select ${run.name}`} onChange=${() => select(row.ids, !on)} /></label>
    <span class="what"><${Name} row=${row} /></span><strong>${result(row, "return")}</strong>
    <span class="what">${group ? states(group) : html`<${State} state=${run.state} />`} <span class="muted">${run.algo || run.worker} · ${run.env}${group ? ` · n = ${group.ids.length}` : ""} · <${Steps} row=${row} /> steps · ${ago(run.created)}</span></span>
    <${Curve} row=${row} />
  </div>`;
}

/** @param {string} sort @param {string} field */
const mark = (sort, field) => (sort === field ? " ▲" : sort === `-${field}` ? " ▼" : "");
/** @param {string} sort @param {string} field */
const direction = (sort, field) => (field && sort === field ? "ascending" : field && sort === `-${field}` ? "descending" : undefined);
/** @param {string} sort @param {string} field */
const next = (sort, field) => (sort === `-${field}` ? field : sort === field ? null : ["name", "worker", "algo", "env", "state", "seed"].includes(field) ? field : `-${field}`);
