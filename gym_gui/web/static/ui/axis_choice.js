// Choice of a chart's axes: steps, updates, episodes, time, or any metric; logarithmic or not; smoothing.
import { html } from "./html.js";
import { decimal, duration, moment, short } from "../format.js";
import { change, parameters } from "../url.js";

/** Axes by their name in addresses. @type {Record<string, string>} */
const AXES = { step: "environment steps", update: "updates", episode: "episodes", relative: "time since the start", wall: "time of day" };
const METRIC = "metric:";

/** The axis that the address names. */
export const axisOf = () => {
  const axis = parameters.value.get("x") ?? "";
  return AXES[axis] || axis.startsWith(METRIC) ? axis : "step";
};
/** @param {string} axis */
export const titleOf = (axis) => AXES[axis] ?? axis.slice(METRIC.length);
/** How a place on an axis is written. @param {string} axis @returns {(x: number) => string} */
export const shownBy = (axis) => (axis === "relative" ? duration : axis === "wall" ? (/** @type {number} */ x) => moment(x).slice(5, 16) : axis.startsWith(METRIC) ? (/** @type {number} */ x) => (Math.abs(x) >= 1e4 ? short(x) : decimal(x)) : short);

/** @param {{names: string[]}} props names: of series that can be an axis */
export function AxisChoice({ names }) {
  const axis = axisOf();
  const log = parameters.value.get("log") ?? "";
  const smooth = Number(parameters.value.get("smooth")) || 0;
  const toggle = (/** @type {string} */ one) => change({ log: log.includes(one) ? log.replace(one, "") : ["x", "y"].filter((each) => each === one || log.includes(each)).join("") });
  const metrics = names.filter((name) => !["success", "eval_success"].includes(name)).map((name) => METRIC + name);
  return html`<label>x <select aria-label="Horizontal axis" value=${axis} onChange=${(/** @type {any} */ event) => change({ x: event.target.value === "step" ? null : event.target.value, zoom: null })}>
      ${Object.keys(AXES).map((each) => html`<option value=${each}>${AXES[each]}</option>`)}
      <optgroup label="a metric">${[...new Set([...metrics, ...(axis.startsWith(METRIC) ? [axis] : [])])].map((each) => html`<option value=${each}>${titleOf(each)}</option>`)}</optgroup></select></label>
    <label>smoothing <input type="range" min="0" max="50" value=${smooth} aria-label="Smoothing" onChange=${(/** @type {any} */ event) => change({ smooth: event.target.value === "0" ? null : event.target.value })} /></label>
    <span class="choice">log <label><input type="checkbox" checked=${log.includes("x")} onChange=${() => toggle("x")} /> x</label>
      <label><input type="checkbox" aria-label="logarithmic y" checked=${log.includes("y")} onChange=${() => toggle("y")} /> y</label></span>
    ${parameters.value.get("zoom") && html`<button type="button" onClick=${() => change({ zoom: null })}>Whole range</button>`}`;
}
