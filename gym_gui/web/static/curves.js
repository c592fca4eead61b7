// Lines of a chart from the curves of several runs: each by itself, or those of a group as one with its band.
import { band } from "./statistics.js";
import { smoothed } from "./series_lines.js";
import { seriesLook } from "./session.js";

/** @typedef {import("./ui/chart_range.js").Line} Line */
/** @typedef {import("./ui/chart_range.js").Mark} Mark */
/** A run with a curve: x never decreases. @typedef {{run: any, x: number[], y: (number | null)[], marks?: Mark[], name?: string}} Curve */
/** @typedef {{centre: import("./statistics.js").Centre, spread: import("./statistics.js").Spread, smooth: number, raw: boolean, logX: boolean}} Options */
/** @typedef {{label: string, colour: string, dash?: number[], members: Curve[]}} Group */
/** Groups that are drawn at most: more bands cannot be told apart. */
export const MOST_GROUPS = 60;

/** The line of each curve; smoothed, the raw one stays faintly behind it.
 * @param {Curve[]} curves @param {number} smooth @returns {Line[]} */
export function singleLines(curves, smooth) {
  const width = curves.length > 200 ? 0.75 : curves.length > 30 ? 1 : 1.5;
  const lines = curves.map(({ run, x, y, marks, name }) => {
    const { colour, dash } = seriesLook(run.sequence);
    // Dashes tell few lines apart, and cost most of the time that many take.
    return { label: name ?? run.name, colour, dash: dash.length && curves.length <= 60 ? dash : undefined, x, y, marks, key: run.id, width };
  });
  if (!smooth) return lines;
  return [...lines.map((line) => ({ ...line, faint: true, marks: [] })), ...lines.map((line) => ({ ...line, y: smoothed(line.y, smooth) }))];
}

/** Curves by what they have in common, the largest groups first.
 * @param {Curve[]} curves @param {(run: any) => string} keyOf @returns {Group[]} */
export function grouped(curves, keyOf) {
  /** @type {Map<string, Curve[]>} */
  const groups = new Map();
  for (const curve of curves) {
    const key = keyOf(curve.run);
    const members = groups.get(key);
    if (members) members.push(curve);
    else groups.set(key, [curve]);
  }
  const ordered = [...groups].sort(([one, some], [other, others]) => others.length - some.length || one.localeCompare(other, "en", { numeric: true }));
  return ordered.map(([label, members], index) => ({ label, members, colour: seriesLook(index).colour }));
}

/** A line with a band for each group; its curves faintly behind it if they are asked for.
 * @param {Group[]} groups @param {Options} options @returns {Line[]} */
export function bandLines(groups, { centre, spread, smooth, raw, logX }) {
  const drawn = groups.slice(0, MOST_GROUPS);
  // Also where they are not shown: one run far off is to move the axis no more than among single lines.
  const behind = drawn.flatMap(({ members, colour }) => members.map(({ x, y }) => ({ label: "", colour, x, y, faint: true, hidden: !raw, width: 0.75 })));
  const lines = drawn.map(({ label, members, colour, dash }) => {
    const curves = members.map(whole);
    const found = band(curves, centre, spread, { strata: members.map(({ run }) => run.env ?? ""), log: logX, points: members.length * drawn.length > 400 ? 60 : 100 });
    const [y, low, high] = [found.y, found.low, found.high].map((values) => (smooth ? smoothed(values, smooth) : values));
    return {
      label: `${label} (${members.length})`, colour, dash: dash?.length ? dash : undefined, width: 2, x: found.x, y, marks: members.flatMap(({ marks }) => marks ?? []),
      ...(members.length > 1 ? { low, high } : {}),
    };
  });
  return [...behind, ...lines];
}

/** A curve without its gaps. @param {Curve} curve @returns {{x: ArrayLike<number>, y: ArrayLike<number>}} */
function whole({ x, y }) {
  if (!y.includes(null)) return { x, y: /** @type {number[]} */ (y) };
  const kept = y.map((_, at) => at).filter((at) => y[at] !== null);
  return { x: kept.map((at) => x[at]), y: kept.map((at) => /** @type {number} */ (y[at])) };
}

/** A run's learning curve as the server has it. @param {any} run @returns {Curve} */
export function learningCurve(run) {
  const [x, y] = run.curve.length ? run.curve : [[], []];
  return { run, x, y };
}
