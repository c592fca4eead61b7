// What is under the cursor of a chart: the values there, the nearest line first.
import { decimal, short } from "../format.js";

/** @typedef {import("./chart_range.js").Line} Line */
/** @typedef {{line: Line, at: number, value: number, far: number}} Near */

/** Lines with a value at a place, the nearest to a height first.
 * @param {Line[]} lines @param {number} x @param {number} height in pixels @param {(value: number) => number} toY
 * @param {number} reach how far the next value of a line may be, in x @returns {Near[]} */
export function nearLines(lines, x, height, toY, reach) {
  const found = [];
  for (const line of lines) {
    if (line.faint || !line.x.length) continue;
    const at = closest(line, x);
    if (at < 0 || Math.abs(line.x[at] - x) > Math.max(reach, step(line, at))) continue;
    const value = /** @type {number} */ (line.y[at]);
    found.push({ line, at, value, far: Math.abs(toY(value) - height) });
  }
  return found.sort((left, right) => left.far - right.far);
}

/** The line of the readout: where, and the nearest values.
 * @param {number} x @param {Near[]} near @param {Line[]} lines @param {number} reach @param {(x: number) => string} [shownX] */
export function readout(x, near, lines, reach, shownX = short) {
  const parts = near.slice(0, 4).map(({ line, at, value }) => {
    const [low, high] = [line.low?.[at], line.high?.[at]];
    const around = typeof low === "number" && typeof high === "number" ? ` (${decimal(low)} to ${decimal(high)})` : "";
    return `${line.label ? `${line.label}: ` : ""}${decimal(value)}${around}`;
  });
  if (near.length > 4) parts.push(`${near.length - 4} more`);
  for (const { label, marks } of lines) {
    for (const mark of marks ?? []) {
      if (Math.abs(mark.x - x) <= reach) parts.push(`${label ? `${label}: ` : ""}${mark.count > 1 ? `${mark.count} × ` : ""}${mark.kind === "nan" ? "NaN" : mark.kind} at ${shownX(mark.x)}`);
    }
  }
  return [shownX(x), ...parts].join("  ·  ");
}

/** Index of the value that is nearest to a place; -1 without any.
 * @param {Line} line @param {number} x */
function closest({ x: places, y, dots }, x) {
  if (dots) { // in no order
    let best = -1;
    for (let at = 0; at < places.length; at += 1) if (y[at] !== null && (best < 0 || Math.abs(places[at] - x) < Math.abs(places[best] - x))) best = at;
    return best;
  }
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (places[middle] < x) low = middle + 1;
    else high = middle;
  }
  let [left, right] = [low - 1, low];
  while (left >= 0 && y[left] === null) left -= 1;
  while (right < places.length && y[right] === null) right += 1;
  if (left < 0) return right < places.length ? right : -1;
  return right < places.length && places[right] - x < x - places[left] ? right : left;
}

/** Distance to the next value of a line. @param {Line} line @param {number} at */
function step({ x }, at) {
  return Math.max(at > 0 ? Math.abs(x[at] - x[at - 1]) : 0, at + 1 < x.length ? Math.abs(x[at + 1] - x[at]) : 0);
}
