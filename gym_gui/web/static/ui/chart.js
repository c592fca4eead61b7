// A chart of curves: axes, linked cursor and zoom by uPlot; the lines are drawn by chart_draw.js, however many there are.
import { html, useEffect, useRef, useState } from "./html.js";
import uPlot from "../vendor/uplot.js";
import { decimal, short } from "../format.js";
import { visible } from "./text.js";
import { drawInParts, drawLine, scales } from "./chart_draw.js";
import { nearLines, readout } from "./chart_readout.js";
import { horizontalRange, verticalRange } from "./chart_range.js";
import { Pictures } from "./chart_pictures.js";
import { followFingers } from "./chart_touch.js";

/** @typedef {import("./chart_range.js").Line} Line */
/** @typedef {import("./chart_range.js").Range} Range */
/** @typedef {import("./chart_draw.js").Frame} Frame */
/** How near to the cursor something is, in pixels, to be under it. */
const REACH = 12;

/** Dragging zooms: into `range` where the page keeps it, else into the chart alone; a double click shows the whole again. Two fingers
 * zoom, too, and one moves what is zoomed.
 * @param {{lines: Line[], xLabel: string, yLabel: string, height?: number, logX?: boolean, logY?: boolean, sync?: string, name?: string,
 *    range?: Range | null, onRange?: (range: Range | null) => void, shownX?: (x: number) => string, onPick?: (line: Line) => void}} props */
export function Chart({ lines, xLabel, yLabel, height = 340, logX = false, logY = false, sync, name, range, onRange, shownX = short, onPick }) {
  const [own, setOwn] = useState(/** @type {Range | null} */ (null));
  const [whole, setWhole] = useState(false);
  const [beyond, setBeyond] = useState(0);
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {any} */ (null));
  const shape = useRef("");
  const now = useRef(/** @type {any} */ ({}));
  const view = onRange ? range ?? null : own;
  now.current = { ...now.current, lines, view, whole, logX, logY, height, shownX, onPick, zoom: onRange ?? setOwn };
  const theme = useTheme();
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const x = view ?? horizontalRange(lines, logX);
    const y = verticalRange(lines, x, logY, !whole);
    Object.assign(now.current, { x, y: y.range, all: view ? now.current.all ?? null : x });
    setBeyond(y.beyond);
    const drawn = JSON.stringify([logX, logY, xLabel, yLabel, theme, sync]);
    const data = [x, [null, null]];
    if (plot.current && shape.current === drawn) {
      plot.current.setData(data);
      return;
    }
    plot.current?.destroy();
    shape.current = drawn;
    plot.current = new uPlot(options(element), /** @type {any} */ (data), element);
    followFingers(plot.current, {
      shown: () => now.current.x,
      whole: () => now.current.all,
      zoomed: () => now.current.view !== null,
      logX: () => now.current.logX,
      show: (shown) => {
        Object.assign(now.current, { x: shown, y: verticalRange(now.current.lines, shown, now.current.logY, !now.current.whole).range });
        plot.current?.setData([shown, [null, null]]);
      },
      keep: (kept) => now.current.zoom(kept),
    });
  }, [lines, logX, logY, own, range, whole, xLabel, yLabel, theme, sync]);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => plot.current?.setSize({ width: element.clientWidth, height: now.current.height }));
    observer.observe(element);
    return () => {
      observer.disconnect();
      plot.current?.destroy();
      plot.current = null;
    };
  }, []);

  /** @param {HTMLElement} element */
  function options(element) {
    const styles = getComputedStyle(document.documentElement);
    const text = styles.getPropertyValue("--muted").trim();
    const grid = { stroke: styles.getPropertyValue("--line").trim(), width: 1 };
    const axis = { stroke: text, grid, ticks: grid, font: "12px system-ui", labelSize: 18 };
    const narrow = element.clientWidth < 500;
    return {
      width: element.clientWidth || 600,
      height,
      series: [{}, { scale: "y", stroke: "transparent", points: { show: false } }],
      legend: { show: false },
      cursor: {
        sync: sync ? { key: sync, scales: /** @type {[string, null]} */ (["x", null]) } : undefined,
        drag: { x: true, y: false, setScale: false }, points: { show: false },
      },
      scales: {
        x: { time: false, distr: logX ? 3 : 1, range: () => now.current.x },
        y: { distr: logY ? 3 : 1, range: () => now.current.y },
      },
      axes: [
        { ...axis, label: visible(xLabel), size: 34, space: narrow ? 60 : 80, ...(logX ? { filter: logTicks } : {}), values: (/** @type {any} */ _, /** @type {(number | null)[]} */ ticks) => ticks.map((tick) => (tick === null ? "" : now.current.shownX(tick))) },
        { ...axis, label: narrow ? undefined : visible(yLabel), size: (/** @type {any} */ _, /** @type {string[] | null} */ texts) => 14 + 7 * Math.max(4, ...(texts ?? []).map((text) => text.length)),
          ...(logY ? { filter: logTicks } : {}), values: (/** @type {any} */ _, /** @type {(number | null)[]} */ ticks) => tickTexts(ticks) },
      ],
      hooks: {
        draw: [(/** @type {any} */ self) => {
          const turn = (self.turn = (self.turn ?? 0) + 1);
          drawInParts(self.ctx, frame(self, now.current), now.current.lines, text, () => self.turn === turn && plot.current === self);
        }],
        setSelect: [(/** @type {any} */ self) => {
          const { left, width } = self.select;
          if (width < 5) return;
          self.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          now.current.zoom([self.posToVal(left, "x"), self.posToVal(left + width, "x")]);
        }],
        setCursor: [(/** @type {any} */ self) => hover(self, now.current, element)],
      },
    };
  }

  const picture = () => ({ plot: plot.current, frame: frame(plot.current, now.current), lines, xLabel, yLabel, name: name ?? yLabel });
  return html`<figure class="chart">
    <div ref=${box} role="img" aria-label=${`${yLabel} by ${xLabel}: ${lines.filter((each) => !each.faint).map((each) => each.label).slice(0, 10).join(", ")}`}
      onDblClick=${() => now.current.zoom(null)} onClick=${() => now.current.near && now.current.onPick?.(now.current.near.line)} style=${{ height: `${height}px` }}></div>
    <figcaption><span class="readout muted" aria-hidden="true"> </span>
      ${(beyond > 0 || whole) && html`<button type="button" class="quiet" title="A few values lie so far off that they would flatten all others: triangles at the edge mark them"
        onClick=${() => setWhole(!whole)}>${whole ? "Robust axis" : `${beyond} beyond the edge: show whole`}</button>`}
      <${Pictures} make=${picture} /></figcaption>
  </figure>`;
}

/** Ticks of a logarithmic axis that have a text: powers of ten, and others where there are few of these.
 * @param {any} _ @param {number[]} ticks */
function logTicks(_, ticks) {
  const mantissa = (/** @type {number} */ tick) => Math.round(tick / 10 ** Math.floor(Math.log10(tick) + 1e-9));
  const powers = ticks.filter((tick) => mantissa(tick) === 1).length;
  const kept = powers > 3 ? [1] : ticks.length > 12 ? [1, 2, 5] : [1, 2, 3, 4, 5, 6, 7, 8, 9];
  return ticks.map((tick) => (kept.includes(mantissa(tick)) ? tick : null));
}

/** @param {(number | null)[]} ticks */
function tickTexts(ticks) {
  const whole = ticks.every((tick) => tick === null || Number.isInteger(tick));
  return ticks.map((tick) => (tick === null ? "" : Math.abs(tick) >= 1e5 ? short(tick) : decimal(tick, whole ? 0 : 1)));
}

/** @param {any} plot @param {any} now @returns {Frame} */
function frame(plot, now) {
  const { left, top, width, height } = plot.bbox;
  return { left, top, width, height, x: now.x, y: now.y, logX: now.logX, logY: now.logY, ratio: devicePixelRatio };
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

/** Writes the values under the cursor below the chart, and draws the nearest line once more, above all others.
 * @param {any} plot @param {any} now @param {HTMLElement} element */
function hover(plot, now, element) {
  const caption = element.parentElement?.querySelector(".readout");
  const { left, top } = plot.cursor;
  if (!caption || !now.x) return;
  if (left === undefined || left < 0) {
    caption.textContent = "\u00a0";
    now.near = null;
    highlight(plot, now, null);
    return;
  }
  const x = plot.posToVal(left, "x");
  const reach = Math.abs(plot.posToVal(left + REACH, "x") - x);
  const near = nearLines(now.lines, x, top, (value) => plot.valToPos(value, "y"), reach);
  caption.textContent = visible(readout(x, near, now.lines, reach, now.shownX));
  now.near = near.length && near[0].far < 30 ? near[0] : null;
  highlight(plot, now, near.length > 1 ? now.near?.line ?? null : null);
}

/** @param {any} plot @param {any} now @param {Line | null} line */
function highlight(plot, now, line) {
  if (plot.shown === line) return;
  plot.shown = line;
  let canvas = plot.over.querySelector("canvas");
  if (!canvas) {
    if (!line) return;
    canvas = document.createElement("canvas");
    canvas.className = "highlight";
    plot.over.append(canvas);
  }
  const { width, height } = plot.bbox;
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  if (!line) return;
  const own = { ...frame(plot, now), left: 0, top: 0 };
  drawLine(context, own, { ...line, width: (line.width ?? 1.5) + 1.5 }, scales(own));
}
