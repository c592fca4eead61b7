// Ranges of a chart's axes. A few lines far off neither flatten the others nor vanish: they are marked at the edge.

/** A value that is not finite, where it happened. @typedef {{x: number, kind: string, count: number}} Mark */
/** A curve; `y` is null at gaps, `low` and `high` are a band around it. A faint one is not named when pointed at, a
 * hidden one only counts for the axes.
 * @typedef {{label: string, colour: string, dash?: number[], x: ArrayLike<number>, y: ArrayLike<number | null>,
 *    low?: ArrayLike<number | null>, high?: ArrayLike<number | null>, width?: number, faint?: boolean, hidden?: boolean, marks?: Mark[],
 *    dots?: boolean, key?: string}} Line */
/** @typedef {[number, number]} Range */

/** Lines beyond the axis at most, as a share of all; others are never cut off. */
const FEW = 0.2;
/** What is cut off makes the axis so many times as long at least. */
const FAR = 4;
const ENOUGH_VALUES = 40;
const SAMPLE = 5000;

/** @param {Line[]} lines @param {boolean} log @returns {Range} */
export function horizontalRange(lines, log) {
  let [low, high] = [Infinity, -Infinity];
  for (const { x, marks } of lines) {
    for (let at = 0; at < x.length; at += 1) {
      if (log && x[at] <= 0) continue;
      if (x[at] < low) low = x[at];
      if (x[at] > high) high = x[at];
    }
    for (const mark of marks ?? []) {
      if (log && mark.x <= 0) continue;
      low = Math.min(low, mark.x);
      high = Math.max(high, mark.x);
    }
  }
  if (low > high) return log ? [1, 10] : [0, 1];
  if (low === high) return log ? [low / 2, low * 2] : [low - (Math.abs(low) * 0.01 || 0.5), low + (Math.abs(low) * 0.01 || 0.5)];
  return [low, high];
}

/** The range of the vertical axis for what is in view, and how many lines go beyond it.
 * @param {Line[]} lines @param {Range} view @param {boolean} log @param {boolean} clip
 * @returns {{range: Range, beyond: number}} */
export function verticalRange(lines, view, log, clip) {
  const scale = log ? Math.log10 : (/** @type {number} */ value) => value;
  /** @type {Range[]} */
  const extents = [];
  for (const line of lines) {
    const found = extent(line, view, log);
    if (found) extents.push([scale(found[0]), scale(found[1])]);
  }
  if (!extents.length) return { range: log ? [1, 10] : [0, 1], beyond: 0 };
  const full = span(extents);
  let range = full;
  if (clip) {
    range = withoutFar(range, extents);
    range = withoutSpikes(range, lines, view, log);
  }
  const beyond = extents.filter(([low, high]) => low < range[0] || high > range[1]).length;
  const pad = (range[1] - range[0] || Math.abs(range[0]) || 1) * 0.05;
  const padded = /** @type {Range} */ ([range[0] - pad, range[1] + pad]);
  return { range: log ? [10 ** padded[0], 10 ** padded[1]] : padded, beyond };
}

/** Lowest and highest value of a line in view.
 * @param {Line} line @param {Range} view @param {boolean} log @returns {Range | null} */
function extent({ x, y, low, high, faint }, [from, to], log) {
  let [bottom, top] = [Infinity, -Infinity];
  for (let at = 0; at < x.length; at += 1) {
    if (x[at] < from || x[at] > to || y[at] === null) continue;
    const [least, most] = faint ? [y[at], y[at]] : [low?.[at] ?? y[at], high?.[at] ?? y[at]];
    for (const value of [least, most, y[at]]) {
      if (value === null || !Number.isFinite(value) || (log && value <= 0)) continue;
      if (value < bottom) bottom = value;
      if (value > top) top = value;
    }
  }
  return bottom <= top ? [bottom, top] : null;
}

/** @param {Range[]} extents @returns {Range} */
function span(extents) {
  let [low, high] = [Infinity, -Infinity];
  for (const each of extents) {
    low = Math.min(low, each[0]);
    high = Math.max(high, each[1]);
  }
  return [low, high];
}

/** The range without the fewest lines at either end that make it several times as long.
 * @param {Range} range @param {Range[]} extents @returns {Range} */
function withoutFar(range, extents) {
  let kept = extents;
  const most = Math.max(1, Math.floor(extents.length * FEW));
  if (extents.length < 4) return range;
  for (const side of [1, 0]) {
    const budget = most - (extents.length - kept.length);
    const ordered = [...kept].sort((left, right) => (side ? right[1] - left[1] : left[0] - right[0]));
    for (let drop = 1; drop <= budget; drop += 1) {
      const rest = span(ordered.slice(drop));
      const now = span(kept);
      if ((rest[1] - rest[0]) * FAR < now[1] - now[0]) kept = ordered.slice(drop);
    }
  }
  return span(kept);
}

/** The range without single values that make it several times as long.
 * @param {Range} range @param {Line[]} lines @param {Range} view @param {boolean} log @returns {Range} */
function withoutSpikes(range, lines, [from, to], log) {
  /** @type {number[]} */
  const values = [];
  const total = lines.reduce((sum, line) => sum + line.x.length, 0);
  const every = Math.max(1, Math.floor(total / SAMPLE));
  let at = 0;
  for (const { x, y } of lines) {
    for (; at < x.length; at += every) {
      const value = y[at];
      if (value === null || x[at] < from || x[at] > to || !Number.isFinite(value) || (log && value <= 0)) continue;
      const scaled = log ? Math.log10(value) : value;
      if (scaled >= range[0] && scaled <= range[1]) values.push(scaled);
    }
    at -= x.length;
  }
  if (values.length < ENOUGH_VALUES) return range;
  values.sort((left, right) => left - right);
  const quantile = (/** @type {number} */ share) => values[Math.round(share * (values.length - 1))];
  const [low, high] = [quantile(0.02), quantile(0.98)];
  const fence = 8 * (high - low);
  if (!fence) return range;
  let rest = /** @type {Range} */ ([Infinity, -Infinity]);
  for (const { x, y } of lines) {
    for (let place = 0; place < x.length; place += 1) {
      const value = y[place];
      if (value === null || x[place] < from || x[place] > to || !Number.isFinite(value) || (log && value <= 0)) continue;
      const scaled = log ? Math.log10(value) : value;
      if (scaled >= Math.max(low - fence, range[0]) && scaled <= Math.min(high + fence, range[1])) rest = [Math.min(rest[0], scaled), Math.max(rest[1], scaled)];
    }
  }
  return (rest[1] - rest[0]) * FAR < range[1] - range[0] ? rest : range;
}
