// Any setting against any result: a dot for each run. Dragging a box selects runs, a click opens one.
import { html, useCallback, useMemo } from "../ui/html.js";
import { Plane } from "../ui/plane.js";
import { axisOf } from "../ui/plane_axis.js";
import { decimal } from "../format.js";
import { seriesLook } from "../session.js";
import { change, go, parameters } from "../url.js";
import { PROPERTIES, RESULTS, brushText, valuesOf } from "./compare_data.js";

const HEIGHT = 380;
const [LEFT, RIGHT, TOP, BOTTOM] = [72, 16, 12, 44];

/** @param {{page: any, keyOf: ((run: any) => string) | null, picked: Set<string>}} props */
export function CompareScatter({ page, keyOf, picked }) {
  const get = (/** @type {string} */ name) => parameters.value.get(name) ?? "";
  const names = fields(page);
  const across = get("sx") || names.find(([name]) => name.startsWith("config.") && name !== "config.seed")?.[0] || "steps";
  const up = get("sy") || "return";
  const log = get("slog");
  const [x, y] = useMemo(() => [axisOf(valuesOf(page, across), log.includes("x")), axisOf(valuesOf(page, up), log.includes("y"))], [page, across, up, log]);
  const colour = useMemo(() => colours(page, keyOf), [page, keyOf]);
  const at = (/** @type {number} */ index, /** @type {number} */ width) => [LEFT + x.at(x.value(index)) * (width - LEFT - RIGHT), HEIGHT - BOTTOM - y.at(y.value(index)) * (HEIGHT - TOP - BOTTOM)];
  const nearest = (/** @type {number} */ left, /** @type {number} */ top, /** @type {number} */ width) => {
    let found = { run: /** @type {any} */ (null), far: 14, index: -1 };
    page.runs.forEach((/** @type {any} */ run, /** @type {number} */ index) => {
      const [atX, atY] = at(index, width);
      const far = Math.hypot(atX - left, atY - top);
      if (far < found.far) found = { run, far, index };
    });
    return found;
  };
  const draw = useCallback((/** @type {any} */ context, /** @type {number} */ width, /** @type {number} */ height, /** @type {any} */ look) => {
    context.clearRect?.(0, 0, width, height);
    frame(context, width, x, y, title(names, across), title(names, up), look);
    page.runs.forEach((/** @type {any} */ run, /** @type {number} */ index) => {
      const [left, top] = at(index, width);
      if (Number.isNaN(left) || Number.isNaN(top)) return;
      context.fillStyle = picked.size && !picked.has(run.id) ? `${look.muted}44` : `${colour(run)}cc`;
      context.beginPath();
      context.arc(left, top, picked.has(run.id) ? 5 : 4, 0, 7);
      context.fill();
    });
  }, [page, x, y, picked, colour]);
  const brush = (/** @type {[number, number]} */ from, /** @type {[number, number]} */ to, /** @type {number} */ width) => {
    const share = (/** @type {number} */ left) => (left - LEFT) / (width - LEFT - RIGHT);
    const rise = (/** @type {number} */ top) => (HEIGHT - BOTTOM - top) / (HEIGHT - TOP - BOTTOM);
    const xs = [x.back(share(from[0])), x.back(share(to[0]))].sort((left, right) => left - right);
    const ys = [y.back(rise(from[1])), y.back(rise(to[1]))].sort((left, right) => left - right);
    change({ brush: brushText([[across, xs[0], xs[1]], [up, ys[0], ys[1]]]) });
  };
  const missing = page.runs.filter((/** @type {any} */ _, /** @type {number} */ index) => Number.isNaN(x.value(index)) || Number.isNaN(y.value(index))).length;
  const toggle = (/** @type {string} */ one) => change({ slog: log.includes(one) ? log.replace(one, "") : log + one });
  return html`<div>
    <div class="bar">
      <${Field} label="x" names=${names} value=${across} set=${(/** @type {string} */ name) => change({ sx: name, brush: null })} />
      <${Field} label="y" names=${names} value=${up} set=${(/** @type {string} */ name) => change({ sy: name, brush: null })} />
      <span class="choice">log <label><input type="checkbox" disabled=${x.category} checked=${log.includes("x")} onChange=${() => toggle("x")} /> x</label>
        <label><input type="checkbox" disabled=${y.category} checked=${log.includes("y")} onChange=${() => toggle("y")} /> y</label></span>
      <span class="muted">drag a box to select runs, click one to open it</span>
      ${missing > 0 && html`<span class="flag">${missing} without a place here</span>`}</div>
    <${Plane} draw=${draw} height=${HEIGHT} label=${`${title(names, up)} by ${title(names, across)}`} name="scatter" onBrush=${brush}
      onHover=${(/** @type {number} */ left, /** @type {number} */ top, /** @type {number} */ width) => { const { run, index } = nearest(left, top, width); return run ? `${run.name}  ·  ${title(names, across)} ${shown(valuesOf(page, across)[index])}  ·  ${title(names, up)} ${shown(valuesOf(page, up)[index])}` : ""; }}
      onPick=${(/** @type {number} */ left, /** @type {number} */ top, /** @type {number} */ width) => { const { run } = nearest(left, top, width); if (run) go(`/runs/${run.id}`); else change({ brush: null }); }} />
  </div>`;
}

/** What runs can be plotted by, as name and title: settings in which they differ, results, properties. @param {any} page @returns {[string, string][]} */
export const fields = (page) => [...Object.keys(page.settings).map((name) => /** @type {[string, string]} */ ([`config.${name}`, name])), ...RESULTS, ...PROPERTIES];
/** @param {[string, string][]} names @param {string} name */
export const title = (names, name) => names.find(([each]) => each === name)?.[1] ?? name;
/** @param {number | string | null} value */
export const shown = (value) => (typeof value === "number" ? decimal(value, 2) : value ?? "none");

/** Colours by group, or each run's own. @param {any} page @param {((run: any) => string) | null} keyOf @returns {(run: any) => string} */
export function colours(page, keyOf) {
  if (!keyOf) return (run) => seriesLook(run.sequence).colour;
  const sizes = new Map();
  for (const run of page.runs) sizes.set(keyOf(run), (sizes.get(keyOf(run)) ?? 0) + 1);
  const order = [...sizes].sort(([one, some], [other, others]) => others - some || one.localeCompare(other, "en", { numeric: true })).map(([name]) => name);
  return (run) => seriesLook(order.indexOf(keyOf(run))).colour;
}

/** @param {any} context @param {number} width @param {import("../ui/plane_axis.js").Axis} x @param {import("../ui/plane_axis.js").Axis} y @param {string} xTitle @param {string} yTitle @param {any} look */
function frame(context, width, x, y, xTitle, yTitle, look) {
  context.lineWidth = 1;
  context.font = "12px system-ui";
  context.strokeStyle = look.line;
  context.setLineDash([]);
  const spaced = x.ticks.filter((_, index) => index % Math.ceil((x.ticks.length * 70) / (width - LEFT - RIGHT)) === 0);
  for (const [ticks, flat] of /** @type {[typeof x.ticks, boolean][]} */ ([[spaced, true], [y.ticks, false]])) {
    for (const { at, label } of ticks) {
      const place = flat ? LEFT + at * (width - LEFT - RIGHT) : HEIGHT - BOTTOM - at * (HEIGHT - TOP - BOTTOM);
      context.beginPath();
      context.moveTo(flat ? place : LEFT, flat ? TOP : place);
      context.lineTo(flat ? place : width - RIGHT, flat ? HEIGHT - BOTTOM : place);
      context.stroke();
      context.fillStyle = look.muted;
      context.textAlign = flat ? "center" : "right";
      context.textBaseline = flat ? "top" : "middle";
      context.fillText(label, flat ? place : LEFT - 6, flat ? HEIGHT - BOTTOM + 6 : place);
    }
  }
  context.fillStyle = look.muted;
  context.textAlign = "center";
  context.textBaseline = "bottom";
  context.fillText(xTitle, LEFT + (width - LEFT - RIGHT) / 2, HEIGHT - 2);
  context.textAlign = "left";
  context.textBaseline = "top";
  context.fillText(yTitle, 2, 0);
}

/** @param {{label: string, names: [string, string][], value: string, set: (name: string) => void}} props */
function Field({ label, names, value, set }) {
  return html`<label>${label} <select aria-label=${`Scatter ${label}`} value=${value} onChange=${(/** @type {any} */ event) => set(event.target.value)}>
    ${names.map(([name, text]) => html`<option value=${name}>${text}</option>`)}</select></label>`;
}
