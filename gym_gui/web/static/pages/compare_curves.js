// The curves of compared runs: any series over any axis, one by one or in groups with a band.
import { html, useEffect, useMemo, useState } from "../ui/html.js";
import { Chart } from "../ui/chart.js";
import { ErrorBox } from "../ui/error.js";
import { statistic } from "../ui/statistic.js";
import { call } from "../api.js";
import { MOST_GROUPS, bandLines, grouped, singleLines } from "../curves.js";
import { change, parameters, zoomed } from "../url.js";
import { AxisChoice, shownBy, titleOf } from "../ui/axis_choice.js";
import { useCurves } from "./compare_data.js";

/** @param {{page: any, keyOf: ((run: any) => string) | null}} props */
export function CompareCurves({ page, keyOf }) {
  const get = (/** @type {string} */ name) => parameters.value.get(name) ?? "";
  const series = get("y") || "return";
  const axis = get("x") || "step";
  const [logX, logY] = [get("log").includes("x"), get("log").includes("y")];
  const smooth = Number(get("smooth")) || 0;
  const raw = get("raw") === "1";
  const zoom = useMemo(() => zoomed(), [get("zoom")]);
  const { centre, spread } = statistic();
  const names = useNames(page.runs[0]?.id);
  const { curves, error, busy } = useCurves(page, series, axis, zoom);
  const groups = useMemo(() => (keyOf ? grouped(curves, keyOf) : null), [curves, keyOf]);
  const lines = useMemo(() => (groups ? bandLines(groups, { centre, spread, smooth, raw, logX }) : singleLines(curves, smooth)), [curves, groups, centre, spread, smooth, raw, logX]);
  return html`<div>
    <div class="bar">
      <label>y <select aria-label="Series" value=${series} onChange=${(/** @type {any} */ event) => change({ y: event.target.value === "return" ? null : event.target.value, zoom: null })}>
        ${[...new Set(["return", ...names, series])].map((name) => html`<option value=${name}>${name}</option>`)}</select></label>
      <${AxisChoice} names=${names} />
      ${keyOf && html`<label><input type="checkbox" checked=${raw} onChange=${() => change({ raw: raw ? null : "1" })} /> single runs behind</label>`}
      ${busy && html`<span class="muted">loading …</span>`}
      ${groups && groups.length > MOST_GROUPS && html`<span class="flag">the largest ${MOST_GROUPS} of ${groups.length} groups are drawn</span>`}
      ${series !== "return" || axis !== "step" ? page.runs.length > 100 && html`<span class="flag">the first 100 runs are drawn</span>` : null}
    </div>
    <${ErrorBox} error=${error} />
    ${lines.some((line) => line.x.length) ? html`<${Chart} lines=${lines} xLabel=${titleOf(axis)} yLabel=${label(series, groups !== null, centre, spread)} height=${380} logX=${logX} logY=${logY}
        shownX=${shownBy(axis)} name=${`comparison ${series}`} range=${zoom} onRange=${(/** @type {[number, number] | null} */ next) => change({ zoom: next ? next.map((each) => Number(each.toPrecision(6))).join("_") : null })} />`
      : !busy && !error && html`<p class="muted">${series === "return" ? "No training episode of these runs has ended yet." : "They have no values of it."}</p>`}
    ${groups && html`<p class="bar">${groups.slice(0, MOST_GROUPS).map(({ label: name, members, colour }) => html`<span><span class="swatch" style=${{ background: colour }}></span><bdi>${name}</bdi> (${members.length})</span>`)}</p>`}
  </div>`;
}

/** @param {string} series @param {boolean} together @param {string} centre @param {string} spread */
function label(series, together, centre, spread) {
  const what = series === "return" ? "mean return" : series;
  if (!together) return what;
  const band = { std: "± std", range: "min to max", bootstrap: "95 % bootstrap" }[spread];
  return `${what} (${centre === "iqm" ? "IQM" : centre}, ${band})`;
}

/** Names of the series of a run. @param {string | undefined} id @returns {string[]} */
function useNames(id) {
  const [names, setNames] = useState(/** @type {string[]} */ ([]));
  useEffect(() => {
    if (id) call(`/runs/${id}/series`).then(({ series }) => setNames(series.map((/** @type {any} */ each) => each.name)), () => setNames([]));
  }, [id]);
  return names;
}
