// Columns of the list of runs: which there are, which are shown, in which order and how wide; the address keeps it.
import { html } from "../ui/html.js";
import { Sparkline } from "../ui/sparkline.js";
import { State } from "../ui/state.js";
import { statistic } from "../ui/statistic.js";
import { ago, count, decimal, duration, moment, number, short } from "../format.js";
import { me, seriesLook } from "../session.js";
import { interval } from "../statistics.js";
import { parameters } from "../url.js";

/** @typedef {{key: string, ids: string[], run: any, group: any, band?: any, by?: string, values?: Record<string, any[]>, far?: boolean}} Row */
/** A column: its name in addresses, title, field to sort by, whether it holds numbers, its cell, and what it has in a CSV file.
 * @typedef {{name: string, title: string, sort: string, right: boolean, cell: (row: Row) => any, plain: (row: Row) => unknown}} Column */

/** @param {string} name @param {string} title @param {string} sort @param {boolean} right @param {Column["cell"]} cell @param {Column["plain"]} [plain] @returns {Column} */
const column = (name, title, sort, right, cell, plain) => ({ name, title, sort, right, cell, plain: plain ?? ((row) => row.run[name]) });

/** @type {Column[]} */
const BASE = [
  column("state", "state", "state", false, ({ run, group }) => (group ? states(group) : html`<${State} state=${run.state} cause=${run.cause} />`), ({ run, group }) => (group ? Object.entries(group.states).map(([state, amount]) => `${amount} ${state}`).join(", ") : run.state)),
  column("name", "name", "name", false, (row) => html`<${Name} row=${row} />`, (row) => (row.group && row.by !== "variant" ? keyText(row.group) : row.run.name)),
  column("worker", "worker", "worker", false, ({ run }) => run.worker),
  column("algo", "algo", "algo", false, ({ run }) => run.algo || "-"),
  column("env", "env", "env", false, ({ run }) => run.env || "-"),
  column("seed", "seed", "seed", true, ({ run, group }) => (group ? `n = ${group.ids.length}` : run.seed ?? "-"), ({ run, group }) => (group ? null : run.seed)),
  column("steps", "steps", "steps", true, (row) => html`<${Steps} row=${row} />`, ({ run, group }) => (group ? group.steps?.mean : run.steps)),
  column("speed", "steps/s", "speed", true, ({ run, group }) => short(group ? group.speed?.mean ?? null : number(run.speed)), ({ run, group }) => (group ? group.speed?.mean : number(run.speed))),
  column("return", "return", "return", true, (row) => result(row, "return"), (row) => resultOf(row, "return")?.centre),
  column("curve", "curve", "", false, (row) => html`<${Curve} row=${row} />`, () => null),
  column("best", "best", "best", true, (row) => result(row, "best"), (row) => resultOf(row, "best")?.centre),
  column("duration", "took", "duration", true, ({ run }) => duration(took(run)), ({ run }) => took(run)),
  column("created", "submitted", "created", true, ({ run }) => html`<span title=${moment(run.created)}>${ago(run.created)}</span>`, ({ run }) => new Date(run.created * 1000).toISOString()),
];
const NAMES = BASE.map(({ name }) => name);
/** Fields that columns of their own show already, or that no column can show. */
const OWN = [...NAMES, "variant"];

/** Columns that are shown, in their order. @returns {Column[]} */
export function shownColumns() {
  const asked = (parameters.value.get("cols") ?? "").split(",").filter(Boolean);
  return (asked.length ? asked : NAMES).map(columnOf);
}

/** Names of the columns that the server has to send values of. @param {Column[]} columns */
export const furtherNames = (columns) => columns.map(({ name }) => name).filter((name) => !NAMES.includes(name));
/** All columns but settings and metrics. @returns {string[]} */
export const knownNames = () => [...NAMES, ...(me.value?.fields ?? []).map((/** @type {any} */ field) => field.name).filter((/** @type {string} */ name) => !OWN.includes(name))];
/** The address of some columns; none for those that are shown anyway. @param {string[]} names */
export const colsOf = (names) => (names.join() === NAMES.join() ? null : names.join(","));

/** @param {string} name @returns {Column} */
export function columnOf(name) {
  const base = BASE.find((each) => each.name === name);
  if (base) return base;
  const kind = me.value?.fields?.find((/** @type {any} */ field) => field.name === name)?.kind;
  const metric = name.startsWith("metric.");
  return column(name, name.replace(/^(config|metric)\./, ""), name, metric || kind === "number" || kind === "duration", (row) => values(row, name, kind), ({ values: all }) => (all?.[name] ?? []).join(" "));
}

/** Widths of columns in pixels, by name. @returns {Record<string, number>} */
export function widths() {
  return Object.fromEntries((parameters.value.get("w") ?? "").split(",").filter(Boolean).map((part) => {
    const at = part.lastIndexOf(".");
    return [part.slice(0, at), Math.min(Math.max(Number(part.slice(at + 1)) || 0, 40), 900)];
  }));
}

/** The cell of a further column: a value, the few different ones of a group, or their centre.
 * @param {Row} row @param {string} name @param {string | undefined} kind */
function values({ values: all, group }, name, kind) {
  const found = all?.[name] ?? [];
  if (!found.length) return "-";
  const numbers = found.map(number);
  if (group && name.startsWith("metric.")) return intervalText(interval(numbers, ...chosen()));
  const texts = [...new Set(found.map((value) => (typeof value === "boolean" ? (value ? "yes" : "no") : kind === "time" ? ago(value) : kind === "duration" ? duration(value)
    : typeof value === "number" ? decimal(value, Number.isInteger(value) ? 0 : 2) : String(value))))];
  return html`<span title=${texts.join(", ")}>${texts.slice(0, 4).join(", ")}${texts.length > 4 ? ` and ${texts.length - 4} more` : ""}</span>`;
}

/** @returns {[import("../statistics.js").Centre, import("../statistics.js").Spread]} */
function chosen() {
  const { centre, spread } = statistic();
  return [centre, spread];
}

/** The centre and the range of a result of a group; of one run its value.
 * @param {Row} row @param {"return" | "best"} field */
export function resultOf({ run, group }, field) {
  const numbers = group ? group[field === "return" ? "returns" : "bests"].map(number) : [number(run[field])];
  return interval(numbers, ...chosen());
}

/** @param {Row} row @param {"return" | "best"} field */
export const result = (row, field) => (row.group ? intervalText(resultOf(row, field)) : decimal(number(row.run[field])));

/** @param {ReturnType<typeof interval>} found */
function intervalText(found) {
  if (!found) return "-";
  const [, spread] = chosen();
  const around = spread === "std" ? `± ${decimal(found.high - found.centre)}` : `${decimal(found.low)} to ${decimal(found.high)}`;
  return html`<span title=${`${found.n} runs with a value`}>${decimal(found.centre)}${found.n > 1 ? html` <span class="muted">${around}</span>` : ""}</span>`;
}

/** @param {any} group */
export const keyText = (group) => Object.entries(group.key).map(([field, of]) => `${field.replace(/^config\./, "")}: ${/** @type {any[]} */ (of).join(", ") || "-"}`).join(", ");

/** @param {{row: Row}} props */
export function Name({ row: { run, group, by, far } }) {
  const odd = group?.far.length > 0 && html` <span class="flag" title="Runs whose return lies far from those of the others, or is not finite">${group.far.length} of ${group.ids.length} far off</span>`;
  if (group && by !== "variant") return html`<strong>${keyText(group)}</strong> <span class="muted">${count(group.ids.length)} runs</span>${odd}`;
  const name = group ? run.name.replace(/ s\d+$/, "") : run.name;
  return html`<a href=${`/runs/${run.id}`} title=${`${run.name}\n${run.id}`}><bdi>${name}</bdi></a>
    ${run.starred && html` <span class="star" title="starred">★</span>`}
    ${group ? odd : run.diverged ? html` <span class="flag" title="returns that are not finite">diverged</span>` : far && html` <span class="flag" title="its return lies far from those of the other seeds">far off</span>`}
    ${!group && run.tags.map((/** @type {string} */ tag) => html` <span class="tag"><bdi>${tag}</bdi></span>`)}`;
}

/** @param {{row: Row}} props */
export function Steps({ row: { run, group } }) {
  const steps = group ? group.steps?.mean ?? 0 : run.steps;
  const active = ["starting", "running", "paused"].includes(run.state);
  return html`<span title=${count(steps)}>${active && run.target ? html`<progress value=${steps} max=${run.target} aria-label="progress"></progress> ` : null}${short(steps)}</span>`;
}

/** @param {{row: Row}} props */
export function Curve({ row: { run, band } }) {
  const { colour } = seriesLook(run.sequence);
  if (band) return html`<${Sparkline} values=${band.mean} low=${band.low} high=${band.high} colour=${colour} />`;
  return html`<${Sparkline} values=${run.curve?.[1] ?? []} colour=${colour} />`;
}

/** @param {any} run */
function took(run) {
  const end = run.ended ?? (run.started ? Date.now() / 1000 : null);
  return run.started && end ? end - run.started : null;
}

/** @param {any} group */
export const states = (group) => Object.entries(group.states).map(([state, amount]) => html`<${State} state=${state} count=${amount} /> `);
