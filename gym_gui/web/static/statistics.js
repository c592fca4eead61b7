// Centre and spread of values of several runs, and of their curves: what gym_gui/reading/statistics.py does, draw by draw.

/** @typedef {"mean" | "median" | "iqm"} Centre */
/** @typedef {"std" | "range" | "bootstrap"} Spread */
/** @typedef {{x: ArrayLike<number>, y: ArrayLike<number>}} Curve a curve without gaps; x never decreases */
/** @typedef {{x: number[], y: number[], low: number[], high: number[], count: number}} Band */

/** @type {[Centre, string][]} */
export const CENTRES = [["mean", "mean"], ["median", "median"], ["iqm", "IQM"]];
/** @type {[Spread, string][]} */
export const SPREADS = [["std", "± std"], ["range", "min-max"], ["bootstrap", "95 % bootstrap"]];
export const GRID_POINTS = 100;
const ALL_OF = 4;
const [WORK, FEWEST, MOST] = [300_000, 200, 2000];
/** Robust standard deviations from the median from which on a value is far. */
const FAR = 6;
const SEED = 20_210_829;

/** Centre and range of the finite values, null without any.
 * @param {(number | null | undefined)[]} values @param {Centre} centre @param {Spread} spread @param {string[]} [strata]
 * @returns {{n: number, centre: number, low: number, high: number} | null} */
export function interval(values, centre, spread, strata) {
  const kept = values.map((value, index) => ({ value, index })).filter(({ value }) => typeof value === "number" && Number.isFinite(value));
  if (!kept.length) return null;
  const row = Float64Array.from(kept, ({ value }) => /** @type {number} */ (value));
  const [middle, low, high] = columns([row], centre, spread, strata && kept.map(({ index }) => strata[index]));
  return { n: row.length, centre: middle[0], low: low[0], high: high[0] };
}

/** Curves combined on a common grid, over the range that all of them cover.
 * @param {Curve[]} curves @param {Centre} centre @param {Spread} spread @param {{strata?: string[], points?: number, log?: boolean}} [options]
 *   log: the grid is even on a logarithmic axis @returns {Band} */
export function band(curves, centre, spread, { strata, points = GRID_POINTS, log = false } = {}) {
  const kept = curves.map((_, index) => index).filter((index) => curves[index].x.length);
  const first = Math.max(...kept.map((index) => curves[index].x[0]));
  const last = Math.min(...kept.map((index) => curves[index].x[curves[index].x.length - 1]));
  if (!kept.length || last < first) return { x: [], y: [], low: [], high: [], count: kept.length };
  const even = log && first > 0;
  const at = (/** @type {number} */ share) => (even ? first * (last / first) ** share : first + (last - first) * share);
  const x = last > first ? Array.from({ length: points }, (_, index) => at(index / (points - 1))) : [first];
  const rows = x.map(() => new Float64Array(kept.length));
  kept.forEach((index, column) => onGrid(curves[index], x, rows, column));
  const [y, low, high] = columns(rows, centre, spread, strata && kept.map((index) => strata[index]));
  return { x, y, low, high, count: kept.length };
}

/** Indices of values that lie far from most others, those included that are not finite.
 * @param {number[]} values @returns {number[]} */
export function farValues(values) {
  const all = values.map((value, index) => ({ value, index }));
  const odd = all.filter(({ value }) => !Number.isFinite(value));
  const finite = all.filter(({ value }) => Number.isFinite(value));
  let far = /** @type {typeof all} */ ([]);
  if (finite.length >= ALL_OF) {
    const middle = (/** @type {number[]} */ some) => interval(some, "median", "range")?.centre ?? 0;
    const median = middle(finite.map(({ value }) => value));
    const distances = finite.map(({ value }) => Math.abs(value - median));
    const scale = 1.4826 * middle(distances) || distances.reduce((sum, each) => sum + each, 0) / distances.length;
    far = finite.filter((_, at) => scale > 0 && distances[at] > FAR * scale);
    if (far.length > Math.max(1, Math.floor(finite.length / 5))) far = [];
  }
  return [...odd, ...far].map(({ index }) => index).sort((left, right) => left - right);
}

/** A curve's values at the places of a grid, interpolated, into a column of rows.
 * @param {Curve} curve @param {number[]} grid @param {Float64Array[]} rows @param {number} column */
function onGrid({ x, y }, grid, rows, column) {
  let right = 0;
  for (let row = 0; row < grid.length; row += 1) {
    while (right < x.length && x[right] <= grid[row]) right += 1;
    if (right === 0 || right === x.length) rows[row][column] = y[right && right - 1];
    else rows[row][column] = y[right - 1] + ((grid[row] - x[right - 1]) / (x[right] - x[right - 1])) * (y[right] - y[right - 1]);
  }
}

/** Centre, lower and upper end of each row of values; all rows are of the same runs.
 * @param {Float64Array[]} rows @param {Centre} centre @param {Spread} spread @param {string[] | undefined} strata
 * @returns {[number[], number[], number[]]} */
function columns(rows, centre, spread, strata) {
  const size = rows[0].length;
  const cut = { mean: 0, median: Math.floor((size - 1) / 2), iqm: Math.floor(size / 4) }[centre];
  const drawn = spread === "bootstrap" ? resamples(strata ?? new Array(size).fill(""), rows.length) : null;
  /** @type {[number[], number[], number[]]} */
  const found = [[], [], []];
  for (const values of rows) {
    const order = Uint32Array.from(values, (_, index) => index).sort((left, right) => values[left] - values[right]);
    let sum = 0;
    for (let at = cut; at < size - cut; at += 1) sum += values[order[at]];
    const middle = sum / (size - 2 * cut);
    let [low, high] = [values[order[0]], values[order[size - 1]]];
    if (spread === "std") {
      const mean = values.reduce((total, value) => total + value, 0) / size;
      const deviation = Math.sqrt(values.reduce((total, value) => total + (value - mean) ** 2, 0) / size);
      [low, high] = [middle - deviation, middle + deviation];
    } else if (drawn) {
      const centres = drawn.map((counts) => resampled(values, order, counts, cut));
      [low, high] = [percentile(centres, 0.025), percentile(centres, 0.975)];
    }
    found[0].push(middle);
    found[1].push(low);
    found[2].push(high);
  }
  return found;
}

/** Centres of all resamples of some values.
 * @typedef {{map: (act: (counts: Uint16Array) => number) => Float64Array}} Resamples
 * @param {string[]} strata @param {number} rows @returns {Resamples} */
function resamples(strata, rows) {
  const size = strata.length;
  /** @type {Map<string, number[]>} */
  const members = new Map();
  strata.forEach((stratum, index) => members.set(stratum, [...(members.get(stratum) ?? []), index]));
  const all = members.size === 1 && size <= ALL_OF;
  const times = all ? size ** size : Math.max(FEWEST, Math.min(MOST, Math.floor(WORK / (size * rows))));
  const counts = Array.from({ length: times }, () => new Uint16Array(size));
  const draw = draws();
  counts.forEach((each, number) => {
    if (all) for (let rest = number, left = size; left > 0; left -= 1, rest = Math.floor(rest / size)) each[rest % size] += 1;
    else for (const those of members.values()) for (let left = those.length; left > 0; left -= 1) each[those[Math.floor(draw() * those.length)]] += 1;
  });
  const centres = new Float64Array(times);
  return { map: (act) => { for (let at = 0; at < times; at += 1) centres[at] = act(counts[at]); return centres; } };
}

/** The centre of a resample: values in order, each as often as it was drawn, without those at either end.
 * @param {Float64Array} values @param {Uint32Array} order @param {Uint16Array} counts @param {number} cut */
function resampled(values, order, counts, cut) {
  const size = values.length;
  let sum = 0;
  if (!cut) {
    for (let at = 0; at < size; at += 1) sum += counts[at] * values[at];
    return sum / size;
  }
  const end = size - cut;
  for (let at = 0, before = 0; before < end; at += 1) {
    const after = before + counts[order[at]];
    const kept = Math.min(after, end) - Math.max(before, cut);
    if (kept > 0) sum += kept * values[order[at]];
    before = after;
  }
  return sum / (size - 2 * cut);
}

/** A percentile with linear interpolation, as NumPy has it; the values are reordered.
 * @param {Float64Array} values @param {number} share */
function percentile(values, share) {
  const place = share * (values.length - 1);
  const left = Math.max(0, Math.min(Math.floor(place), values.length - 2));
  const low = select(values, left);
  let high = values.length > 1 ? Infinity : low;
  for (let at = left + 1; at < values.length; at += 1) if (values[at] < high) high = values[at];
  return low + (high - low) * (place - left);
}

/** Reorders values so that those before a place are at most as large as that at it, and those after it at least; returns that.
 * @param {Float64Array} values @param {number} place */
function select(values, place) {
  let [start, end] = [0, values.length - 1];
  while (start < end) {
    const pivot = values[(start + end) >> 1];
    let [left, right] = [start, end];
    while (left <= right) {
      while (values[left] < pivot) left += 1;
      while (values[right] > pivot) right -= 1;
      if (left > right) break;
      const one = values[left];
      values[left] = values[right];
      values[right] = one;
      left += 1;
      right -= 1;
    }
    if (place <= right) end = right;
    else if (place >= left) start = left;
    else break;
  }
  return values[place];
}

/** Random numbers from 0 up to 1 (mulberry32): the same in Python, and each time. */
function draws() {
  let state = SEED;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
