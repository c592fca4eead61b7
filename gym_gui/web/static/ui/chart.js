// Curves over steps: lines with bands, a linked cursor, zoom by dragging; an outlier neither flattens nor hides.
import { html, useEffect, useRef } from "./html.js";
import uPlot from "../vendor/uplot.js";
import { decimal, short } from "../format.js";

/** @typedef {{label: string, colour: string, dash?: number[], x: number[], y: (number | null)[],
 *    low?: (number | null)[], high?: (number | null)[], width?: number}} Line */

/** @param {{lines: Line[], xLabel: string, yLabel: string, height?: number, logY?: boolean, sync?: string,
 *    range?: [number, number] | null, onRange?: (range: [number, number] | null) => void}} props */
export function Chart({ lines, xLabel, yLabel, height = 340, logY = false, sync, range = null, onRange }) {
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const shape = useRef("");
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const { data, series, bands } = build(lines);
    const styles = getComputedStyle(document.documentElement);
    const now = JSON.stringify([series.map((each) => [each.label, each.stroke, each.width]), logY, xLabel, yLabel, styles.colorScheme]);
    if (plot.current && shape.current === now) {
      plot.current.setData(data, range === null && plot.current.userRange === undefined);
      return;
    }
    plot.current?.destroy();
    shape.current = now;
    plot.current = new uPlot(options(element, series, bands, data), data, element);
    function options(/** @type {HTMLElement} */ parent, /** @type {any[]} */ all, /** @type {any[]} */ areas, /** @type {any} */ values) {
      const muted = styles.getPropertyValue("--muted").trim();
      const line = styles.getPropertyValue("--line").trim();
      const axis = { stroke: muted, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: "12px system-ui" };
      return {
        width: parent.clientWidth || 600,
        height,
        series: all,
        bands: areas,
        legend: { show: false },
        cursor: { sync: sync ? { key: sync } : undefined, drag: { x: true, y: false, setScale: true }, points: { size: 6 } },
        scales: {
          x: { time: false, ...(range ? { range } : {}) },
          y: { distr: logY ? 3 : 1, range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => robust(values, low, high, logY) },
        },
        axes: [
          { ...axis, label: xLabel, labelSize: 18, size: 34, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(short) },
          { ...axis, label: yLabel, labelSize: 18, size: 54, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map((tick) => decimal(tick)) },
        ],
        hooks: {
          setSelect: [(/** @type {any} */ self) => {
            if (self.select.width > 4) {
              const from = self.posToVal(self.select.left, "x");
              onRange?.([from, self.posToVal(self.select.left + self.select.width, "x")]);
            }
          }],
          setCursor: [(/** @type {any} */ self) => hover(self, lines, element)],
        },
      };
    }
  }, [lines, logY, range, xLabel, yLabel]);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);
  return html`<figure class="chart">
    <div ref=${box} role="img" aria-label=${`${yLabel} by ${xLabel}: ${lines.map((each) => each.label).slice(0, 10).join(", ")}`}
      onDblClick=${() => onRange?.(null)} style=${{ height: `${height}px` }}></div>
    <figcaption class="readout muted" aria-hidden="true"> </figcaption>
  </figure>`;
}

/** Joins lines onto one axis, as uPlot wants them; gaps stay gaps.
 * @param {Line[]} lines */
function build(lines) {
  const tables = [];
  const series = [{ label: "x" }];
  const bands = [];
  for (const line of lines) {
    const rows = [line.x, line.y];
    const own = { label: line.label, stroke: line.colour, width: line.width ?? 1.5, dash: line.dash, spanGaps: true, points: { show: line.x.length < 2 } };
    series.push(/** @type {any} */ (own));
    if (line.low && line.high) {
      const at = series.length;
      for (const edge of [line.high, line.low]) {
        rows.push(/** @type {any} */ (edge));
        series.push(/** @type {any} */ ({ label: "", stroke: "transparent", width: 0, spanGaps: true, points: { show: false } }));
      }
      bands.push({ series: [at, at + 1], fill: `${line.colour}2e` });
    }
    tables.push(rows);
  }
  const data = tables.length ? uPlot.join(/** @type {any} */ (tables)) : [[]];
  return { data, series: /** @type {any[]} */ (series), bands };
}

/** The range of the vertical axis: all values, unless a few lie so far off that they would flatten the others.
 * @param {any[]} data @param {number} low @param {number} high @param {boolean} log @returns {[number, number]} */
function robust(data, low, high, log) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return log ? [1, 10] : [0, 1];
  const values = [];
  for (let row = 1; row < data.length; row += 1) {
    for (const value of data[row]) if (Number.isFinite(value) && (!log || value > 0)) values.push(value);
  }
  values.sort((left, right) => left - right);
  if (values.length > 20) {
    const at = (/** @type {number} */ share) => values[Math.floor(share * (values.length - 1))];
    const spread = at(0.9) - at(0.1) || Math.abs(at(0.5)) || 1;
    // Noise is shown whole; only what lies far beyond it is cut off at the edge.
    if (low < at(0.1) - 4 * spread) low = at(0.1) - spread * 0.3;
    if (high > at(0.9) + 4 * spread) high = at(0.9) + spread * 0.3;
  }
  if (log) return [Math.max(low, Number.MIN_VALUE), Math.max(high, low * 10)];
  const pad = (high - low || Math.abs(high) || 1) * 0.05;
  return [low - pad, high + pad];
}

/** Writes the values under the cursor below the chart.
 * @param {any} plot @param {Line[]} lines @param {HTMLElement} element */
function hover(plot, lines, element) {
  const caption = element.parentElement?.querySelector("figcaption");
  if (!caption) return;
  const index = plot.cursor.idx;
  if (index === null || index === undefined) {
    caption.textContent = "\u00a0";
    return;
  }
  const at = plot.data[0][index];
  const near = [];
  let row = 1;
  for (const line of lines) {
    const value = nearest(plot.data[row], index);
    if (value !== null) near.push({ line, value, far: Math.abs(plot.valToPos(value, "y") - plot.cursor.top) });
    row += line.low && line.high ? 3 : 1;
  }
  near.sort((left, right) => left.far - right.far);
  caption.textContent = [short(at), ...near.slice(0, 4).map(({ line, value }) => `${line.label}: ${decimal(value)}`)].join("  ·  ");
}

/** @param {(number | null)[]} values @param {number} index */
function nearest(values, index) {
  for (let off = 0; off < 50; off += 1) {
    for (const at of [index - off, index + off]) {
      const value = values[at];
      if (value !== null && value !== undefined) return value;
    }
  }
  return null;
}
