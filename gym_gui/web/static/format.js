// Numbers, durations, sizes and times as people read them: the same rules as gym_gui/look/figures.py.

export const NOTHING = "-";
/** From here on numbers have an exponent: 1e308 would have 309 digits. */
const LONG = 1e15;

/** A number that travelled as text where it is not finite: "NaN", "Infinity".
 * @param {number | string | null | undefined} value
 * @returns {number | null}
 */
export const number = (value) => (value === null || value === undefined ? null : Number(value));

/** @param {number | null} value */
export function count(value) {
  return value === null ? NOTHING : Number.isFinite(value) ? grouped(Math.round(value), 0) : special(value);
}

/** At most five characters: 950, 12.3k, 50k, 1.2M.
 * @param {number | null} value */
export function short(value) {
  if (value === null) return NOTHING;
  if (!Number.isFinite(value)) return special(value);
  if (Math.abs(value) >= LONG) return exponent(value);
  for (const [size, letter] of /** @type {[number, string][]} */ ([[1e9, "G"], [1e6, "M"], [1e3, "k"]])) {
    if (Math.abs(value) >= size * 0.99995) {
      const scaled = value / size;
      return (scaled >= 100 || Number.isInteger(scaled) ? round(scaled, 0) : round(scaled, 1)) + letter;
    }
  }
  return value >= 10 || Number.isInteger(value) ? round(value, 0) : round(value, 1);
}

/** A measured value, such as a return; one below 1 with two significant digits.
 * @param {number | null} value */
export function decimal(value, digits = 1) {
  if (value === null) return NOTHING;
  if (!Number.isFinite(value)) return special(value);
  const size = Math.abs(value);
  if (size >= LONG) return exponent(value);
  if (size > 0 && size < 0.995) return significant(value);
  return grouped(value, digits);
}

/** At most two units: 0.4 s, 12 s, 3 min 05 s, 2 h 14 min, 3 d 4 h.
 * @param {number | null} seconds */
export function duration(seconds) {
  if (seconds === null || !Number.isFinite(seconds)) return NOTHING;
  const positive = Math.max(seconds, 0);
  if (positive < 9.95) return `${round(positive, 1)} s`;
  const whole = Math.round(positive);
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${Math.floor((whole % 86400) / 3600)} h`;
}

/** @param {number | null} bytes */
export function size(bytes) {
  if (bytes === null) return NOTHING;
  let value = bytes;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (value < 1024) return unit === "B" ? `${round(value, 0)} B` : `${round(value, 1)} ${unit}`;
    value /= 1024;
  }
  return `${round(value, 1)} TiB`;
}

/** A time of this place: 2026-01-31 14:02:11.
 * @param {number | null} seconds */
export function moment(seconds) {
  if (seconds === null) return NOTHING;
  const date = new Date(seconds * 1000);
  const two = (/** @type {number} */ part) => String(part).padStart(2, "0");
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  );
}

/** How long ago, in one unit: 12 s ago, 29 min ago, 3 h ago, 5 d ago.
 * @param {number | null} seconds */
export function ago(seconds, now = Date.now() / 1000) {
  if (seconds === null) return NOTHING;
  const past = Math.max(now - seconds, 0);
  for (const [unit, length] of /** @type {[string, number][]} */ ([["d", 86400], ["h", 3600], ["min", 60]])) {
    if (past >= length) return `${Math.floor(past / length)} ${unit} ago`;
  }
  return `${Math.floor(past)} s ago`;
}

/** @param {number | null} seconds */
export function age(seconds, now = Date.now() / 1000) {
  return seconds === null ? NOTHING : `${duration(now - seconds)} ago`;
}

/** A number below 1e21 with commas: 1,234.5. A browser's own way, toLocaleString, takes 20 ms of every page to load.
 * @param {number} value @param {number} digits */
const grouped = (value, digits) => round(value, digits).replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ",");

/** @param {number} value */
const special = (value) => (Number.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf");

/** Three significant digits: 1.23e+20. @param {number} value */
const exponent = (value) => value.toExponential(2).replace(/\.?0+e/, "e");

/** @param {number} value @param {number} digits */
const round = (value, digits) => value.toFixed(digits);

/** Two significant digits without an exponent where it is short: 0.74, 0.031, 1e-05.
 * @param {number} value */
function significant(value) {
  const text = value.toPrecision(2);
  const size = Math.abs(Number(text));
  if (size >= 1e-4) return String(Number(text));
  const [mantissa, exponent] = value.toExponential(1).split("e");
  return `${Number(mantissa)}e-${String(Math.abs(Number(exponent))).padStart(2, "0")}`;
}
