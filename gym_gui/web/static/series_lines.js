// From the series that the server reads to the lines of a chart: gaps, marks, smoothing.

/** @typedef {import("./ui/chart_range.js").Line} Line */
/** @typedef {{worker_id: string, attempt: number, agent_id: string, phase: string, width: number, first_x: number[], last_x: number[],
 *    low: number[], mean: (number | string)[], high: number[], marks: {x: number[], kind: string[], count: number[]}}} SeriesLine */

/** A curve of the server as lines: the means, the extremes as a band where points stand for several values, and what was
 * smoothed above the faint raw one.
 * @param {SeriesLine} line @param {{label: string, colour: string, dash?: number[], key?: string}} look @param {number} smooth @param {boolean} [path]
 *   path: its x is a metric, in no order @returns {Line[]} */
export function linesOf(line, look, smooth, path = false) {
  const marks = line.marks.x.map((x, at) => ({ x, kind: line.marks.kind[at], count: line.marks.count[at] }));
  const raw = path ? ordered(line, look) : { ...withGaps(line, marks.map(({ x }) => x)), ...look, marks };
  if (!smooth || path) return [raw];
  return [{ ...raw, faint: true, marks: [] }, { ...raw, low: undefined, high: undefined, y: smoothed(raw.y, smooth), width: 2 }];
}

/** What tells a run's curves apart, in words. @param {SeriesLine} line @param {boolean} several */
export function nameOf(line, several) {
  return [several ? line.worker_id : "", line.agent_id, line.attempt > 1 ? `attempt ${line.attempt}` : "", line.phase === "eval" ? "evaluation" : ""].filter(Boolean).join(" ");
}

/** Number of values that are not finite. @param {SeriesLine[]} lines */
export const notFinite = (lines) => lines.reduce((sum, line) => sum + line.marks.count.reduce((all, count) => all + count, 0), 0);

/** Columns with a gap wherever a value between two points is not finite.
 * @param {SeriesLine} line @param {number[]} holes sorted */
function withGaps(line, holes) {
  const banded = line.width > 1;
  /** @type {{x: number[], y: (number | null)[], low?: (number | null)[], high?: (number | null)[]}} */
  const found = { x: [], y: [], ...(banded ? { low: [], high: [] } : {}) };
  const sorted = [...holes].sort((left, right) => left - right);
  let next = 0;
  line.last_x.forEach((x, at) => {
    while (next < sorted.length && sorted[next] < line.first_x[at]) {
      if (at > 0 && sorted[next] >= line.last_x[at - 1] && found.y[found.y.length - 1] !== null) {
        found.x.push(sorted[next]);
        found.y.push(null);
        found.low?.push(null);
        found.high?.push(null);
      }
      next += 1;
    }
    const mean = line.mean[at];
    found.x.push(x);
    found.y.push(typeof mean === "number" ? mean : null);
    found.low?.push(line.low[at]);
    found.high?.push(line.high[at]);
  });
  return found;
}

/** Dots in the order of their x, for one metric over another. @param {SeriesLine} line @param {any} look @returns {Line} */
function ordered(line, look) {
  const order = line.last_x.map((_, at) => at).sort((left, right) => line.last_x[left] - line.last_x[right]);
  return { ...look, dots: true, width: 0.5, x: order.map((at) => line.last_x[at]), y: order.map((at) => (typeof line.mean[at] === "number" ? /** @type {number} */ (line.mean[at]) : null)) };
}

/** A moving average over the last values; a gap begins it anew.
 * @param {ArrayLike<number | null>} values @param {number} window values before each that count too */
export function smoothed(values, window) {
  /** @type {number[]} */
  let recent = [];
  let sum = 0;
  return Array.from(values, (value) => {
    if (value === null) {
      [recent, sum] = [[], 0];
      return null;
    }
    recent.push(value);
    sum += value;
    if (recent.length > window + 1) sum -= /** @type {number} */ (recent.shift());
    return sum / recent.length;
  });
}
