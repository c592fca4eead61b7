// Curves over steps: lines with bands, a linked cursor, zoom by dragging; an outlier neither flattens nor hides.
import { html, useEffect, useRef, useState } from "./html.js";
import uPlot from "../vendor/uplot.js";
import { decimal, short } from "../format.js";

/** @typedef {{label: string, colour: string, dash?: number[], x: number[], y: (number | null)[],
 *    low?: (number | null)[], high?: (number | null)[], width?: number}} Line */

/** Dragging zooms: into `range` where the page keeps it, else into the chart alone; a double click shows the whole again.
 * @param {{lines: Line[], xLabel: string, yLabel: string, height?: number, logY?: boolean, sync?: string,
 *    range?: [number, number] | null, onRange?: (range: [number, number] | null) => void}} props */
export function Chart({ lines, xLabel, yLabel, height = 340, logY = false, sync, range, onRange }) {
  const [own, setOwn] = useState(/** @type {[number, number] | null} */ (null));
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const shape = useRef("");
  const now = useRef({ lines, view: range ?? own, zoom: onRange ?? setOwn });
  now.current = { lines, view: onRange ? range ?? null : own, zoom: onRange ?? setOwn };
  const theme = useTheme();
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const { data, series, bands } = build(lines);
    const drawn = JSON.stringify([series.map((each) => [each.label, each.stroke, each.width]), logY, xLabel, yLabel, theme]);
    if (plot.current && shape.current === drawn) {
      plot.current.setData(data);
      return;
    }
    plot.current?.destroy();
    shape.current = drawn;
    plot.current = new uPlot(options(element, series, bands), data, element);
  }, [lines, logY, own, range, xLabel, yLabel, theme]);
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

  /** @param {HTMLElement} element @param {any[]} series @param {any[]} bands */
  function options(element, series, bands) {
    const styles = getComputedStyle(document.documentElement);
    const grid = { stroke: styles.getPropertyValue("--line").trim(), width: 1 };
    const axis = { stroke: styles.getPropertyValue("--muted").trim(), grid, ticks: grid, font: "12px system-ui", labelSize: 18 };
    return {
      width: element.clientWidth || 600,
      height,
      series,
      bands,
      legend: { show: false },
      cursor: { sync: sync ? { key: sync } : undefined, drag: { x: true, y: false, setScale: false }, points: { size: 6 } },
      scales: {
        x: { time: false, range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => now.current.view ?? [low, high] },
        y: { distr: logY ? 3 : 1, range: (/** @type {any} */ self, /** @type {number} */ low, /** @type {number} */ high) => robust(self.data, low, high, logY) },
      },
      axes: [
        { ...axis, label: xLabel, size: 34, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map(short) },
        { ...axis, label: yLabel, size: 54, values: (/** @type {any} */ _, /** @type {number[]} */ ticks) => ticks.map((tick) => decimal(tick)) },
      ],
      hooks: {
        setSelect: [(/** @type {any} */ self) => {
          const { left, width } = self.select;
          if (width < 5) return;
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          now.current.zoom([self.posToVal(left, "x"), self.posToVal(left + width, "x")]);
        }],
        setCursor: [(/** @type {any} */ self) => hover(self, now.current.lines, element)],
      },
    };
  }

  return html`<figure class="chart">
    <div ref=${box} role="img" aria-label=${`${yLabel} by ${xLabel}: ${lines.map((each) => each.label).slice(0, 10).join(", ")}`}
      onDblClick=${() => now.current.zoom(null)} style=${{ height: `${height}px` }}></div>
    <figcaption class="readout muted" aria-hidden="true"> </figcaption>
  </figure>`;
}

/** Changes with the theme, whose colours a canvas does not follow by itself. */
function useTheme() {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const changed = () => setTurn((old) => old + 1);
    const system = matchMedia("(prefers-color-scheme: dark)");
    system.addEventListener("change", changed);
    addEventListener("themechange", changed);
    return () => {
      system.removeEventListener("change", changed);
      removeEventListener("themechange", changed);
    };
  }, []);
  return turn;
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
  return { data: /** @type {any} */ (data), series: /** @type {any[]} */ (series), bands };
}

/** The range of the vertical axis: all values, unless a few lie so far off that they would flatten the others.
 * @param {any[]} data @param {number} low @param {number} high @param {boolean} log @returns {[number, number]} */
function robust(data, low, high, log) {
  if (!Number.isFinite(low) || !Number.isFinite(high)) return log ? [1, 10] : [0, 1];
  const values = /** @type {number[]} */ ([]);
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
