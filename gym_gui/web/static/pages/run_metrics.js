// Every series of a run as small multiples, with one cursor and one zoom for all of them.
import { html, useEffect, useMemo, useRef, useState } from "../ui/html.js";
import { Chart } from "../ui/chart.js";
import { ErrorBox } from "../ui/error.js";
import { address, call } from "../api.js";
import { count, decimal, number } from "../format.js";
import { seriesLook } from "../session.js";
import { change, parameters } from "../url.js";

const FIRST = 12;
const REFRESH_MS = 2000;
/** @type {Record<string, string>} */
const AXES = { step: "environment steps", episode: "episodes", relative: "seconds since the start", wall: "Unix time, seconds" };

/** @param {{run: any}} props */
export function Metrics({ run }) {
  const find = parameters.value.get("find") ?? "";
  const axis = AXES[parameters.value.get("x") ?? ""] ? /** @type {string} */ (parameters.value.get("x")) : "step";
  const log = parameters.value.get("log") === "1";
  const smooth = Number(parameters.value.get("smooth")) || 0;
  const zoom = useMemo(() => range(parameters.value.get("zoom")), [parameters.value.get("zoom")]);
  const all = parameters.value.get("all") === "1";
  const [names, setNames] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const turn = useTurns(run);
  useEffect(() => {
    call(`/runs/${run.run_id}/series`).then((found) => { setNames(found.series); setError(null); }, setError);
  }, [run.run_id, turn]);
  if (error) return html`<${ErrorBox} error=${error} />`;
  if (!names) return null;
  const found = names.filter((each) => each.name.toLowerCase().includes(find.toLowerCase()));
  const shown = all ? found : found.slice(0, FIRST);
  return html`<div>
    <div class="bar">
      <input type="search" aria-label="Find a series" placeholder="find a series" value=${find} onInput=${(/** @type {any} */ event) => change({ find: event.target.value })} />
      <label>x <select aria-label="Horizontal axis" value=${axis} onChange=${(/** @type {any} */ event) => change({ x: event.target.value, zoom: null })}>
        ${Object.keys(AXES).map((each) => html`<option value=${each}>${AXES[each]}</option>`)}</select></label>
      <label>smoothing <input type="range" min="0" max="50" value=${smooth} onChange=${(/** @type {any} */ event) => change({ smooth: event.target.value === "0" ? null : event.target.value })} /></label>
      <label><input type="checkbox" checked=${log} onChange=${() => change({ log: log ? null : "1" })} /> logarithmic</label>
      ${zoom && html`<button type="button" onClick=${() => change({ zoom: null })}>Whole range</button>`}
      <span class="muted">${found.length} of ${names.length} series; drag to zoom</span>
    </div>
    ${names.length === 0 && html`<p class="empty">Nothing has been reported yet.</p>`}
    <div class="columns">${shown.map((each) => html`<${Multiple} key=${each.name} run=${run} series=${each} axis=${axis} log=${log} smooth=${smooth} zoom=${zoom} turn=${turn} />`)}</div>
    ${shown.length < found.length && html`<button type="button" onClick=${() => change({ all: "1" })}>Show all ${found.length}</button>`}
  </div>`;
}

/** @param {{run: any, series: any, axis: string, log: boolean, smooth: number, zoom: [number, number] | null, turn: number}} props */
function Multiple({ run, series, axis, log, smooth, zoom, turn }) {
  const [lines, setLines] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [marks, setMarks] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    call(address("/series", { runs: run.run_id, name: series.name, x: axis, points: 600, low: zoom?.[0], high: zoom?.[1] }), { signal: stop.signal }).then(
      ({ series: [answer] }) => {
        setLines(answer.lines.map((/** @type {any} */ line, /** @type {number} */ index) => drawn(line, run.sequence + index, smooth)).flat());
        setMarks(answer.lines.reduce((/** @type {number} */ sum, /** @type {any} */ line) => sum + line.marks.count.reduce((/** @type {number} */ a, /** @type {number} */ b) => a + b, 0), 0));
        setError(null);
      },
      (fault) => { if (!stop.signal.aborted) setError(fault); },
    );
    return () => stop.abort();
  }, [run.run_id, series.name, axis, zoom, smooth, turn]);
  return html`<section class="pane" aria-label=${series.name}>
    <h2><bdi>${series.name}</bdi> <span class="muted">${decimal(number(series.last), 3)} last · ${count(series.count)} values</span>
      ${marks > 0 && html` <span class="flag">${count(marks)} not finite</span>`}</h2>
    <${ErrorBox} error=${error} />
    ${lines && lines.some((line) => line.x.length) && html`<${Chart} lines=${lines} xLabel=${AXES[axis]} yLabel="" height=${220} logY=${log} sync="metrics"
      range=${zoom} onRange=${(/** @type {[number, number] | null} */ next) => change({ zoom: next ? next.map((each) => Number(each.toPrecision(6))).join("_") : null })} />`}
  </section>`;
}

/** A curve as the chart wants it: the means, and the extremes as a band where points stand for several values.
 * @param {any} line @param {number} sequence @param {number} smooth */
function drawn(line, sequence, smooth) {
  const { colour } = seriesLook(sequence);
  const label = [line.worker_id, line.agent_id, line.attempt > 1 ? `attempt ${line.attempt}` : "", line.phase === "eval" ? "evaluation" : ""].filter(Boolean).join(" ");
  const y = line.mean.map((/** @type {any} */ value) => (typeof value === "number" ? value : null));
  const raw = { label, colour, x: line.last_x, y, ...(line.width > 1 ? { low: line.low, high: line.high } : {}) };
  if (!smooth) return [raw];
  return [{ ...raw, colour: `${colour}55`, label: "" }, { label, colour, x: line.last_x, y: smoothed(y, smooth), width: 2 }];
}

/** A moving average over the last values.
 * @param {(number | null)[]} values @param {number} window */
function smoothed(values, window) {
  const recent = /** @type {number[]} */ ([]);
  return values.map((value) => {
    if (value === null) return null;
    recent.push(value);
    if (recent.length > window + 1) recent.shift();
    return recent.reduce((sum, each) => sum + each, 0) / recent.length;
  });
}

/** Counts up while the run goes on, at most every two seconds.
 * @param {any} run */
function useTurns(run) {
  const [turn, setTurn] = useState(0);
  const last = useRef(0);
  useEffect(() => {
    const wait = Math.max(0, last.current + REFRESH_MS - Date.now());
    const timer = setTimeout(() => { last.current = Date.now(); setTurn((old) => old + 1); }, wait);
    return () => clearTimeout(timer);
  }, [run.report, run.state]);
  return turn;
}

/** @param {string | null} text @returns {[number, number] | null} */
function range(text) {
  const parts = (text ?? "").split("_").map(Number);
  return parts.length === 2 && parts.every(Number.isFinite) && parts[0] < parts[1] ? [parts[0], parts[1]] : null;
}
