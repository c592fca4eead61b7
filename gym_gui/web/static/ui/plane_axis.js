// An axis for any kind of values: numbers, even or logarithmic, or categories.
import { decimal, short } from "../format.js";

/** @typedef {{category: boolean, value: (index: number) => number, at: (value: number) => number, back: (share: number) => number,
 *    ticks: {at: number, label: string}[], missing: number}} Axis
 *   value: of a row as a number, NaN without one; at: its place from 0 to 1; back: the value at a place */

/** @param {(number | string | null)[]} values @param {boolean} log @returns {Axis} */
export function axisOf(values, log) {
  const texts = values.some((value) => typeof value === "string");
  if (texts) return ofCategories(values);
  const usable = (/** @type {unknown} */ value) => typeof value === "number" && Number.isFinite(value) && (!log || value > 0);
  const numbers = /** @type {number[]} */ (values.filter(usable));
  let low = numbers.reduce((least, value) => Math.min(least, value), Infinity);
  let high = numbers.reduce((most, value) => Math.max(most, value), -Infinity);
  if (low > high) [low, high] = log ? [1, 10] : [0, 1];
  if (low === high) [low, high] = log ? [low / 2, high * 2] : [low - (Math.abs(low) * 0.1 || 1), high + (Math.abs(high) * 0.1 || 1)];
  const scale = log ? Math.log10 : (/** @type {number} */ value) => value;
  const [from, to] = [scale(low), scale(high)];
  const at = (/** @type {number} */ value) => (scale(value) - from) / (to - from);
  return {
    category: false, at,
    value: (index) => (usable(values[index]) ? /** @type {number} */ (values[index]) : NaN),
    back: (share) => (log ? 10 ** (from + share * (to - from)) : from + share * (to - from)),
    ticks: (log ? powers(low, high) : steps(low, high)).map((tick) => ({ at: at(tick), label: Math.abs(tick) >= 1e4 ? short(tick) : decimal(tick, Number.isInteger(tick) ? 0 : 1) })),
    missing: values.length - numbers.length,
  };
}

/** @param {(number | string | null)[]} values @returns {Axis} */
function ofCategories(values) {
  const names = [...new Set(values.filter((value) => value !== null).map(String))].sort((left, right) => left.localeCompare(right, "en", { numeric: true }));
  const size = Math.max(names.length - 1, 1);
  const at = (/** @type {number} */ value) => (names.length === 1 ? 0.5 : value / size);
  return {
    category: true, at,
    value: (index) => (values[index] === null ? NaN : names.indexOf(String(values[index]))),
    back: (share) => share * size,
    ticks: names.slice(0, 40).map((label, index) => ({ at: at(index), label: label.length > 18 ? `${label.slice(0, 17)}…` : label })),
    missing: values.filter((value) => value === null).length,
  };
}

/** Round numbers within a range, about five. @param {number} low @param {number} high */
function steps(low, high) {
  const rough = (high - low) / 5;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = size * ([1, 2, 5, 10].find((factor) => factor * size >= rough) ?? 10);
  const found = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step) found.push(Number(tick.toPrecision(12)));
  return found;
}

/** Powers of ten within a range; with less than two of them, round numbers. @param {number} low @param {number} high */
function powers(low, high) {
  const found = [];
  for (let power = Math.ceil(Math.log10(low) - 1e-9); power <= Math.log10(high) + 1e-9; power += 1) found.push(10 ** power);
  return found.length > 1 ? found : [low, high];
}
