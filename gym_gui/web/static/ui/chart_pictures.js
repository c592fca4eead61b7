// Takes a chart out of the page: as a PNG or SVG picture with its legend, or its values as CSV.
import { html, useState } from "./html.js";
import { decimal } from "../format.js";
import { csv, save } from "./save.js";
import { drawLines } from "./chart_draw.js";
import { SvgContext } from "./chart_svg.js";

/** @typedef {import("./chart_range.js").Line} Line */
/** @typedef {{plot: any, frame: import("./chart_draw.js").Frame, lines: Line[], xLabel: string, yLabel: string, name: string}} Picture */
const ROW = 18;
const MOST_NAMED = 40;

/** @param {{make: () => Picture}} props */
export function Pictures({ make }) {
  const [open, setOpen] = useState(false);
  const pick = (/** @type {(picture: Picture) => void} */ act) => () => { act(make()); setOpen(false); };
  return html`<span class="save">${open && html`
    <button type="button" class="quiet" onClick=${pick(savePng)}>PNG</button>
    <button type="button" class="quiet" onClick=${pick(saveSvg)}>SVG</button>
    <button type="button" class="quiet" onClick=${pick(saveCsv)}>CSV</button>`}
    <button type="button" class="quiet" aria-expanded=${open} aria-label="Save the chart" onClick=${() => setOpen(!open)}>${open ? "×" : "Save …"}</button></span>`;
}

/** @param {Picture} picture */
function savePng(picture) {
  const { plot, frame } = picture;
  const source = plot.ctx.canvas;
  const named = legend(picture);
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: source.width, height: source.height + (named.length * ROW + 8) * frame.ratio });
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.fillStyle = background();
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0);
  drawLegend(context, named, source.height, frame.left, frame.ratio);
  canvas.toBlob((blob) => blob && save(`${picture.name}.png`, blob));
}

/** @param {Picture} picture */
function saveSvg(picture) {
  const { plot, frame, lines, xLabel, yLabel } = picture;
  const named = legend(picture);
  const source = plot.ctx.canvas;
  const context = new SvgContext(source.width, source.height + (named.length * ROW + 8) * frame.ratio);
  context.fillStyle = background();
  context.fillRect(0, 0, ...context.size);
  drawAxes(context, plot, frame, xLabel, yLabel);
  drawLines(context, frame, lines, muted());
  drawLegend(context, named, source.height, frame.left, frame.ratio);
  save(`${picture.name}.svg`, new Blob([context.document(`${yLabel} by ${xLabel}`)], { type: "image/svg+xml" }));
}

/** @param {Picture} picture */
function saveCsv({ lines, xLabel, yLabel, name }) {
  const shown = lines.filter((line) => !line.faint);
  const banded = shown.some((line) => line.low);
  const rows = shown.flatMap((line) => [
    ...Array.from(line.x, (x, at) => [line.label, x, line.y[at], ...(banded ? [line.low?.[at], line.high?.[at]] : [])]),
    ...(line.marks ?? []).map(({ x, kind }) => [line.label, x, { nan: "NaN", "+inf": "Infinity", "-inf": "-Infinity" }[kind], ...(banded ? [null, null] : [])]),
  ]);
  save(`${name}.csv`, new Blob([csv([["line", xLabel, yLabel, ...(banded ? ["low", "high"] : [])], ...rows])], { type: "text/csv" }));
}

/** @param {SvgContext} context @param {any} plot @param {Picture["frame"]} frame @param {string} xLabel @param {string} yLabel */
function drawAxes(context, plot, frame, xLabel, yLabel) {
  const { left, top, width, height, ratio } = frame;
  const [across, up] = plot.axes;
  context.lineWidth = ratio;
  context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--line").trim();
  context.font = `${12 * ratio}px system-ui`;
  for (const [axis, scale, isX] of [[across, "x", true], [up, "y", false]]) {
    (axis._splits ?? []).forEach((/** @type {number | null} */ tick, /** @type {number} */ at) => {
      if (tick === null) return;
      const place = plot.valToPos(tick, scale, true);
      context.beginPath();
      context.moveTo(isX ? place : left, isX ? top : place);
      context.lineTo(isX ? place : left + width, isX ? top + height : place);
      context.stroke();
      context.fillStyle = muted();
      context.textAlign = isX ? "center" : "right";
      context.textBaseline = isX ? "top" : "middle";
      context.fillText(String(axis._values?.[at] ?? decimal(tick)), isX ? place : left - 6 * ratio, isX ? top + height + 6 * ratio : place);
    });
  }
  context.fillStyle = muted();
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillText(xLabel, left + width / 2, top + height + 22 * ratio);
  context.textAlign = "left";
  context.textBaseline = "bottom";
  context.fillText(yLabel, 4 * ratio, top - 1 * ratio);
}

/** Names of the lines, and how many more there are. @param {Picture} picture @returns {{label: string, colour: string}[]} */
function legend({ lines }) {
  const named = lines.filter((line) => line.label && !line.faint);
  const more = named.length - MOST_NAMED;
  return [...named.slice(0, MOST_NAMED), ...(more > 0 ? [{ label: `and ${more} more`, colour: muted() }] : [])];
}

/** @param {any} context @param {{label: string, colour: string}[]} named @param {number} top @param {number} left @param {number} ratio */
function drawLegend(context, named, top, left, ratio) {
  context.font = `${12 * ratio}px system-ui`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  named.forEach(({ label, colour }, row) => {
    const middle = top + (row + 0.5) * ROW * ratio;
    context.fillStyle = colour;
    context.fillRect(left, middle - 5 * ratio, 10 * ratio, 10 * ratio);
    context.fillStyle = muted();
    context.fillText(label.slice(0, 200), left + 16 * ratio, middle);
  });
}

const background = () => getComputedStyle(document.documentElement).getPropertyValue("--background").trim() || "#ffffff";
const muted = () => getComputedStyle(document.documentElement).getPropertyValue("--muted").trim() || "#5b6470";
