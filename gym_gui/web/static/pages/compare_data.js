// What the comparison of runs shows: the runs, their settings, and the curves of one series over one axis.
import { useEffect, useMemo, useState } from "../ui/html.js";
import { address, call } from "../api.js";
import { learningCurve } from "../curves.js";
import { useRefresh } from "../refresh.js";
import { axisOf } from "../ui/plane_axis.js";

/** @typedef {import("../curves.js").Curve} Curve */
/** @typedef {number | string | null} Value */
/** Series of one request at most, and points of each. */
const [PART, POINTS] = [25, 400];
/** The runs that an address names, by ids or by a query, with their curves and the settings in which they differ.
 * @param {string} runs @param {string | null} query @param {string} changes another value: they are asked for again */
export function useRuns(runs, query, changes = "") {
  const [page, setPage] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const turn = useRefresh(page?.runs ?? []);
  useEffect(() => {
    if (!runs && query === null) return undefined;
    const stop = new AbortController();
    const asked = runs ? { runs } : { q: query ?? "", points: 100 };
    call(address("/compare", asked), { signal: stop.signal }).then((found) => { setPage(found); setError(null); }, (fault) => { if (!stop.signal.aborted) setError(fault); });
    return () => stop.abort();
  }, [runs, query, changes, turn]);
  return { page, error };
}

/** Curves of a series of runs. The learning curves over steps are here already; everything else is asked for.
 * @param {any} page @param {string} series @param {string} axis @param {[number, number] | null} zoom */
export function useCurves(page, series, axis, zoom) {
  const own = useMemo(() => (page ? page.runs.filter((/** @type {any} */ run) => run.curve.length).map(learningCurve) : []), [page]);
  const [read, setRead] = useState({ key: "", curves: /** @type {Curve[]} */ ([]) });
  const [error, setError] = useState(/** @type {any} */ (null));
  const held = series === "return" && axis === "step" && !zoom;
  const ids = page ? page.runs.map((/** @type {any} */ run) => run.id).join(",") : "";
  const key = `${ids} ${series} ${axis}`;
  useEffect(() => {
    if (!page || held) return undefined;
    const stop = new AbortController();
    setError(null);
    readCurves(page.runs.slice(0, 100), series, axis, zoom, stop.signal).then((curves) => setRead({ key, curves }), (fault) => { if (!stop.signal.aborted) setError(fault); });
    return () => stop.abort();
  }, [key, held, zoom, page]);
  const odd = useMarks(page, held);
  const marked = useMemo(() => own.map((/** @type {Curve} */ curve) => (odd.has(curve.run.id) ? { ...curve, marks: odd.get(curve.run.id) } : curve)), [own, odd]);
  if (held) return { curves: marked, error: null, busy: false };
  return { curves: read.key === key ? read.curves : [], error, busy: read.key !== key && !error };
}

/** Where returns were not finite, by run: learning curves leave such episodes out.
 * @param {any} page @param {boolean} wanted @returns {Map<string, import("../curves.js").Mark[]>} */
function useMarks(page, wanted) {
  const [odd, setOdd] = useState(/** @type {Map<string, any>} */ (new Map()));
  const runs = page ? page.runs.filter((/** @type {any} */ run) => run.diverged).slice(0, PART) : [];
  const key = wanted ? runs.map((/** @type {any} */ run) => run.id).join(",") : "";
  useEffect(() => {
    if (!key) return undefined;
    const stop = new AbortController();
    readCurves(runs, "return", "step", null, stop.signal).then((curves) => setOdd(new Map(curves.map(({ run, marks }) => [run.id, marks]))), () => setOdd(new Map()));
    return () => stop.abort();
  }, [key]);
  return odd;
}

/** @param {any[]} runs @param {string} name @param {string} axis @param {[number, number] | null} zoom @param {AbortSignal} signal
 * @returns {Promise<Curve[]>} */
async function readCurves(runs, name, axis, zoom, signal) {
  const parts = Array.from({ length: Math.ceil(runs.length / PART) }, (_, part) => runs.slice(part * PART, (part + 1) * PART));
  /** @type {Curve[]} */
  const found = [];
  let fault = null;
  for (const part of parts) {
    try {
      const asked = { runs: part.map((run) => run.id).join(","), name, x: axis, points: POINTS, low: zoom?.[0], high: zoom?.[1] };
      const { series } = await call(address("/series", asked), { signal });
      for (const each of series) {
        const run = part.find(({ id }) => id === each.run_id);
        if (run && each.lines.length) found.push(joined(run, each.lines));
      }
    } catch (caught) {
      if (signal.aborted || /** @type {any} */ (caught).status !== 409) throw caught;
      fault = caught; // none of this part has such a series
    }
  }
  if (!found.length && fault) throw fault;
  return found;
}

/** The curves of a run's workers and attempts as one.
 * @param {any} run @param {import("../series_lines.js").SeriesLine[]} lines @returns {Curve} */
function joined(run, lines) {
  /** @type {[number, number | null][]} */
  const points = lines.flatMap((line) => line.last_x.map((x, at) => /** @type {[number, number | null]} */ ([x, typeof line.mean[at] === "number" ? /** @type {number} */ (line.mean[at]) : null])));
  const marks = lines.flatMap(({ marks: { x, kind, count } }) => x.map((place, at) => ({ x: place, kind: kind[at], count: count[at] })));
  for (const { x } of marks) points.push([x, null]);
  points.sort((left, right) => left[0] - right[0]);
  return { run, x: points.map(([x]) => x), y: points.map(([, y]) => y), marks };
}

/** What a run is grouped by. @param {any} page @param {string} by @returns {(run: any) => string} */
export function keyOf(page, by) {
  const at = new Map(page.runs.map((/** @type {any} */ run, /** @type {number} */ index) => [run.id, index]));
  if (by.startsWith("config.")) return (run) => text(page.settings[by.slice(7)]?.[at.get(run.id)]);
  if (by === "tag") return (run) => run.tags.join(", ") || "-";
  if (by !== "seeds") return (run) => run[by] || "-";
  const names = Object.keys(page.settings).filter((name) => name !== "seed");
  const several = new Set(page.runs.map((/** @type {any} */ run) => run.worker)).size > 1; // two libraries' PPO are not one
  return (run) => [several || !run.algo ? run.worker : "", run.algo, run.env, ...names.filter((name) => !["algo", "env_id"].includes(name)).map((name) => `${name}=${text(page.settings[name][at.get(run.id)])}`)].filter(Boolean).join(" · ");
}

/** @param {unknown} value */
export const text = (value) => (value === null || value === undefined ? "-" : typeof value === "string" ? value : JSON.stringify(value));

/** Results and other properties that runs can be plotted by: name and title. @type {[string, string][]} */
export const RESULTS = [["return", "return"], ["best", "best return"], ["steps", "steps"], ["episodes", "episodes"], ["speed", "steps/s"], ["duration", "seconds taken"]];
/** @type {[string, string][]} */
export const PROPERTIES = [["seed", "seed"], ["algo", "algorithm"], ["env", "environment"], ["worker", "worker"], ["state", "state"], ["group", "submission"]];

/** The value of each run for a result, a property or a setting (`config.NAME`). @param {any} page @param {string} name @returns {Value[]} */
export function valuesOf(page, name) {
  if (name.startsWith("config.")) return page.settings[name.slice(7)]?.map(plain) ?? page.runs.map(() => null);
  if (name === "duration") return page.runs.map((/** @type {any} */ run) => (run.started ? (run.ended ?? Date.now() / 1000) - run.started : null));
  return page.runs.map((/** @type {any} */ run) => plain(run[name]));
}

/** @param {unknown} value @returns {Value} */
function plain(value) {
  if (value === null || value === undefined || value === "") return null;
  if (typeof value === "number") return value;
  if (value === "NaN" || value === "Infinity" || value === "-Infinity") return Number(value);
  return text(value);
}

/** Ids of the runs within all ranges of a text like `return:100_200;config.lr:0_1`; empty without any.
 * @param {any} page @param {string} brush @returns {Set<string>} */
export function brushed(page, brush) {
  const ranges = rangesOf(brush);
  if (!page || !ranges.length) return new Set();
  const axes = ranges.map(([name, low, high]) => {
    const axis = axisOf(valuesOf(page, name), false);
    return (/** @type {number} */ index) => axis.value(index) >= low && axis.value(index) <= high;
  });
  return new Set(page.runs.filter((/** @type {any} */ _, /** @type {number} */ index) => axes.every((inside) => inside(index))).map((/** @type {any} */ run) => run.id));
}

/** @param {string} brush @returns {[string, number, number][]} */
export function rangesOf(brush) {
  return brush.split(";").filter(Boolean).map((part) => {
    const at = part.lastIndexOf(":");
    const [low, high] = part.slice(at + 1).split("_").map(Number);
    return /** @type {[string, number, number]} */ ([part.slice(0, at), low, high]);
  }).filter(([, low, high]) => low <= high);
}

/** The text of ranges. @param {[string, number, number][]} ranges */
export const brushText = (ranges) => ranges.map(([name, low, high]) => `${name}:${Number(low.toPrecision(5))}_${Number(high.toPrecision(5))}`).join(";");
