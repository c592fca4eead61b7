// The table of runs, and cards in its place on narrow screens.
import { classes, html, useEffect, useRef, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { Sparkline } from "../ui/sparkline.js";
import { State } from "../ui/state.js";
import { address, call } from "../api.js";
import { ago, count, decimal, duration, moment, number, short } from "../format.js";
import { seriesLook } from "../session.js";
import { change } from "../url.js";

/** @typedef {{key: string, ids: string[], run: any, group: any, band?: any, by?: string}} Row */
/** Columns: title, field to sort by, class, cell. @type {[string, string, string, (row: Row) => any][]} */
const COLUMNS = [
  ["state", "state", "", ({ run, group }) => (group ? states(group) : html`<${State} state=${run.state} cause=${run.cause} />`)],
  ["name", "name", "", (row) => html`<${Name} row=${row} />`],
  ["worker", "worker", "", ({ run }) => run.worker],
  ["algo", "algo", "", ({ run }) => run.algo || "-"],
  ["env", "env", "", ({ run }) => run.env || "-"],
  ["seed", "seed", "right", ({ run, group }) => (group ? `${group.ids.length} seeds` : run.seed ?? "-")],
  ["steps", "steps", "right", (row) => html`<${Steps} row=${row} />`],
  ["steps/s", "speed", "right", ({ run, group }) => short(group ? group.speed?.mean ?? null : number(run.speed))],
  ["return", "return", "right", (row) => returns(row, "return")],
  ["curve", "", "", (row) => html`<${Curve} row=${row} />`],
  ["best", "best", "right", (row) => returns(row, "best")],
  ["took", "duration", "right", ({ run }) => html`<${Took} run=${run} />`],
  ["submitted", "created", "right", ({ run }) => html`<span title=${moment(run.created)}>${ago(run.created)}</span>`],
];

/** @param {{rows: Row[], sort: string, selected: string[], select: (ids: string[], on: boolean) => void, focus: number}} props */
export function RunTable({ rows, sort, selected, select, focus }) {
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
    call(address("/runs", { q: terms.join(" "), sort: "seed", limit: 100, points: 40 })).then(
      (found) => { setOpen({ ...open, [row.key]: found.runs }); setError(null); }, setError);
  };
  /** @type {(row: Row, child: boolean, index: number) => any} */
  const line = (row, child, index) => {
    const focused = !child && index === focus;
    const on = row.ids.every((id) => selected.includes(id));
    return html`<tr key=${row.key} data-row=${child ? undefined : index} class=${classes(on && "selected", focused && "focused", child && "child")}>
      <td><input type="checkbox" checked=${on} aria-label=${`Select ${row.run.name}`} onChange=${() => select(row.ids, !on)} /></td>
      ${COLUMNS.map(([title, , style, cell]) => html`<td class=${style}>${title === "name" && row.group
        ? html`<div class="title"><span>${cell(row)}</span><button type="button" class="quiet" aria-expanded=${Boolean(open[row.key])} aria-label=${`The single runs of ${row.run.name}`} title="The single runs" onClick=${() => toggle(row)}>${open[row.key] ? "▾" : "▸"}</button></div>`
        : cell(row)}</td>`)}
    </tr>
    ${open[row.key]?.map((run) => line({ key: run.id, ids: [run.id], run, group: null }, true, -1))}`;
  };
  // The titles are one stop of the keyboard, so that few keys lead to the runs; arrow keys go from one to the next.
  const stop = COLUMNS.some(([, field]) => field === sort.replace(/^-/, "")) ? sort.replace(/^-/, "") : COLUMNS[0][1];
  return html`<${ErrorBox} error=${error} /><div class="scroll wide"><table>
    <thead onKeyDown=${walk}><tr><th></th>${COLUMNS.map(([title, field, style]) => html`<th class=${style} aria-sort=${direction(sort, field)}>
      ${field ? html`<button type="button" tabindex=${field === stop ? 0 : -1} onClick=${() => change({ sort: next(sort, field) })}>${title}${mark(sort, field)}</button>` : title}</th>`)}</tr></thead>
    <tbody ref=${body}>${rows.map((row, index) => line(row, false, index))}</tbody>
  </table></div>
  <div class="cards">${rows.map((row) => html`<${Card} key=${row.key} row=${row} />`)}</div>`;
}

/** @param {KeyboardEvent} event */
function walk(event) {
  const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  if (!by) return;
  const titles = [.../** @type {HTMLElement} */ (event.currentTarget).querySelectorAll("button")];
  titles[titles.indexOf(/** @type {any} */ (event.target)) + by]?.focus();
  event.preventDefault();
}

/** @param {{row: Row}} props */
function Card({ row }) {
  const { run, group } = row;
  return html`<div class="card">
    <div><${Name} row=${row} /> <span class="muted">${ago(run.created)}</span></div>
    <div class="bar">${group ? states(group) : html`<${State} state=${run.state} />`}
      <span>${run.algo || run.worker} · ${run.env}</span> <span class="muted">${group ? `${group.ids.length} seeds` : ""}</span></div>
    <div class="bar"><${Curve} row=${row} /> <strong>${returns(row, "return")}</strong> <${Steps} row=${row} /></div>
  </div>`;
}

/** @param {{row: Row}} props */
function Name({ row: { run, group, by } }) {
  if (group && by !== "variant") {
    const text = Object.entries(group.key).map(([field, values]) => `${field}: ${/** @type {any[]} */ (values).join(", ") || "-"}`).join(", ");
    return html`<strong>${text}</strong> <span class="muted">${count(group.ids.length)} runs</span>`;
  }
  const name = group ? run.name.replace(/ s\d+$/, "") : run.name;
  return html`<a href=${`/runs/${run.id}`} title=${`${run.name}\n${run.id}`}><bdi>${name}</bdi></a>
    ${run.starred && html` <span class="star" title="starred">★</span>`}
    ${run.diverged && html` <span class="flag" title="returns that are not finite">diverged</span>`}
    ${!group && run.tags.map((/** @type {string} */ tag) => html` <span class="tag"><bdi>${tag}</bdi></span>`)}`;
}

/** @param {{row: Row}} props */
function Steps({ row: { run, group } }) {
  const steps = group ? group.steps?.mean ?? 0 : run.steps;
  const active = ["starting", "running", "paused"].includes(run.state);
  return html`<span title=${count(steps)}>${active && run.target ? html`<progress value=${steps} max=${run.target} aria-label="progress"></progress> ` : null}${short(steps)}</span>`;
}

/** @param {{row: Row}} props */
function Curve({ row: { run, band } }) {
  const { colour } = seriesLook(run.sequence);
  if (band) return html`<${Sparkline} values=${band.mean} low=${band.low} high=${band.high} colour=${colour} />`;
  return html`<${Sparkline} values=${run.curve?.[1] ?? []} colour=${colour} />`;
}

/** @param {{run: any}} props */
function Took({ run }) {
  const end = run.ended ?? (run.started ? Date.now() / 1000 : null);
  return duration(run.started && end ? end - run.started : null);
}

/** @param {any} group */
const states = (group) => Object.entries(group.states).map(([state, amount]) => html`<${State} state=${state} count=${amount} /> `);

/** @param {Row} row @param {"return" | "best"} field */
function returns({ run, group }, field) {
  if (!group) return decimal(number(run[field]));
  const spread = group[field];
  return spread ? `${decimal(spread.mean)}${spread.n > 1 ? ` ± ${decimal(spread.std)}` : ""}` : "-";
}

/** @param {string} sort @param {string} field */
const mark = (sort, field) => (sort === field ? " ▲" : sort === `-${field}` ? " ▼" : "");
/** @param {string} sort @param {string} field */
const direction = (sort, field) => (sort === field ? "ascending" : sort === `-${field}` ? "descending" : undefined);
/** @param {string} sort @param {string} field */
const next = (sort, field) => (sort === `-${field}` ? field : sort === field ? null : ["name", "worker", "algo", "env", "state", "seed"].includes(field) ? field : `-${field}`);
