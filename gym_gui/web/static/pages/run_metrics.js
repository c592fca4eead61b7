// Every series of a run as small multiples, with one cursor and one zoom for all of them.
import { html, useEffect, useMemo, useRef, useState } from "../ui/html.js";
import { AxisChoice, axisOf, shownBy, titleOf } from "../ui/axis_choice.js";
import { Chart } from "../ui/chart.js";
import { ErrorBox } from "../ui/error.js";
import { address, call } from "../api.js";
import { count, decimal, number } from "../format.js";
import { linesOf, nameOf, notFinite } from "../series_lines.js";
import { seriesLook } from "../session.js";
import { change, parameters, zoomed } from "../url.js";

const FIRST = 12;
const REFRESH_MS = 2000;

/** @param {{run: any}} props */
export function Metrics({ run }) {
  const get = (/** @type {string} */ name) => parameters.value.get(name) ?? "";
  const find = get("find");
  const zoom = useMemo(() => zoomed(), [get("zoom")]);
  const shownAs = { axis: axisOf(), logX: get("log").includes("x"), logY: get("log").includes("y") || get("log") === "1", smooth: Number(get("smooth")) || 0, zoom };
  const [names, setNames] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const turn = useTurns(run);
  useEffect(() => {
    call(`/runs/${run.run_id}/series`).then((found) => { setNames(found.series.filter((/** @type {any} */ each) => each.kind !== "system")); setError(null); }, setError);
  }, [run.run_id, turn]);
  if (error) return html`<${ErrorBox} error=${error} />`;
  if (!names) return null;
  const found = names.filter((each) => each.name.toLowerCase().includes(find.toLowerCase()));
  const shown = get("all") === "1" ? found : found.slice(0, FIRST);
  return html`<div>
    <div class="bar">
      <input type="search" aria-label="Find a series" placeholder="find a series" value=${find} onInput=${(/** @type {any} */ event) => change({ find: event.target.value })} />
      <${AxisChoice} names=${names.map((each) => each.name)} />
      <span class="muted">${found.length} of ${names.length} series; drag to zoom</span>
    </div>
    ${names.length === 0 && html`<p class="empty">Nothing has been reported yet.</p>`}
    <div class="columns">${shown.map((each) => html`<${Multiple} key=${each.name} run=${run} series=${each} as=${shownAs} turn=${turn} />`)}</div>
    ${shown.length < found.length && html`<button type="button" onClick=${() => change({ all: "1" })}>Show all ${found.length}</button>`}
  </div>`;
}

/** @param {{run: any, series: any, as: {axis: string, logX: boolean, logY: boolean, smooth: number, zoom: [number, number] | null}, turn: number}} props */
function Multiple({ run, series, as, turn }) {
  const { axis, logX, logY, smooth, zoom } = as;
  const [answer, setAnswer] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    const stop = new AbortController();
    call(address("/series", { runs: run.run_id, name: series.name, x: axis, points: 600, low: zoom?.[0], high: zoom?.[1] }), { signal: stop.signal }).then(
      ({ series: [found] }) => { setAnswer({ lines: found.lines, axis }); setError(null); },
      (fault) => { if (!stop.signal.aborted) setError(fault); },
    );
    return () => stop.abort();
  }, [run.run_id, series.name, axis, zoom, turn]);
  const lines = useMemo(() => (answer?.lines ?? []).flatMap((/** @type {any} */ line, /** @type {number} */ index) =>
    linesOf(line, { label: nameOf(line, answer.lines.length > 1), ...look(run.sequence + index) }, smooth, answer.axis.startsWith("metric:"))), [answer, smooth]);
  const marks = notFinite(answer?.lines ?? []);
  const single = answer?.lines.length > 0 && answer.lines.every((/** @type {any} */ line) => line.width === 1);
  return html`<section class="pane" aria-label=${series.name}>
    <h2><bdi>${series.name}</bdi> <span class="muted">${decimal(number(series.last), 3)} last · ${count(series.count)} values${zoom && single ? ", each one drawn" : ""}</span>
      ${marks > 0 && html` <span class="flag">${count(marks)} not finite</span>`}</h2>
    <${ErrorBox} error=${error} />
    ${lines.some((/** @type {any} */ line) => line.x.length || line.marks?.length) ? html`<${Chart} lines=${lines} xLabel=${titleOf(axis)} yLabel="" height=${176} logX=${logX} logY=${logY} sync="metrics"
      shownX=${shownBy(axis)} name=${`${run.run_name} ${series.name}`} range=${zoom} onRange=${(/** @type {[number, number] | null} */ next) => change({ zoom: next ? next.map((each) => Number(each.toPrecision(6))).join("_") : null })} />`
      : answer && !error && html`<p class="muted">${zoom ? "No value of it lies in this range." : "Its values have no place on this axis."}</p>`}
  </section>`;
}

/** Without dashes: gaps are to be seen as such. @param {number} sequence */
const look = (sequence) => ({ colour: seriesLook(sequence).colour });

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
