// An action or an observation as people read it: a number, a vector as bars, a grid, a picture, text, parts by name.
import { html, useEffect, useRef } from "./html.js";
import { count, decimal } from "../format.js";

const MOST_BARS = 64;
const MOST_PARTS = 40;

/** @param {{value: any, depth?: number, most?: number}} props `most`: what a whole bar stands for */
export function Value({ value, depth = 0, most = 0 }) {
  if (value === undefined || value === null) return html`<span class="muted">${value === null ? "null" : "-"}</span>`;
  if (typeof value === "number") return html`<code title=${String(value)}>${figure(value)}</code>`;
  if (typeof value === "boolean") return html`<code>${String(value)}</code>`;
  if (typeof value === "string") return html`<bdi class="wrap mono">${cut(value)}</bdi>`;
  if (Array.isArray(value)) return html`<${List} value=${value} depth=${depth} most=${most} />`;
  const parts = Object.entries(value);
  if (depth > 4) return html`<code>${cut(JSON.stringify(value))}</code>`;
  return html`<dl class="facts">${parts.slice(0, MOST_PARTS).map(([name, part]) => html`<dt><bdi>${name}</bdi></dt><dd><${Value} value=${part} depth=${depth + 1} /></dd>`)}
    ${parts.length > MOST_PARTS && html`<dt class="muted">… ${parts.length - MOST_PARTS} more</dt><dd></dd>`}</dl>`;
}

/** @param {{value: any[], depth: number, most: number}} props */
function List({ value, depth, most }) {
  const shape = shapeOf(value);
  if (shape.length === 1 && value.length === 1) return html`<${Value} value=${value[0]} depth=${depth + 1} />`;
  if (shape.length === 1) return html`<${Bars} values=${value} least=${most} />`;
  if (shape.length === 2 || shape.length === 3) return html`<${Picture} value=${value} shape=${shape} />`;
  if (depth > 4 || value.length > MOST_PARTS) return html`<code class="wrap">${cut(JSON.stringify(value))}</code>`;
  return html`<dl class="facts">${value.map((part, place) => html`<dt>${place}</dt><dd><${Value} value=${part} depth=${depth + 1} /></dd>`)}</dl>`;
}

/** A vector: each number with a bar to either side of zero. @param {{values: number[], least: number}} props */
function Bars({ values, least }) {
  const shown = values.slice(0, MOST_BARS);
  const most = Math.max(1e-12, least, ...shown.map((each) => (Number.isFinite(each) ? Math.abs(each) : 0)));
  return html`<div class="bars">${shown.map((each, place) => {
    const share = Number.isFinite(each) ? (Math.abs(each) / most) * 50 : 0;
    return html`<span class="muted">${place}</span><code title=${String(each)}>${figure(each)}</code>
      <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true"><rect x=${each < 0 ? 50 - share : 50} y="1" width=${share} height="6" fill="var(--accent)" /><path d="M50 0V8" stroke="var(--muted)" vector-effect="non-scaling-stroke" /></svg>`;
  })}</div>${values.length > MOST_BARS && html`<p class="muted">the first ${MOST_BARS} of ${values.length} numbers</p>`}`;
}

/** Numbers in two dimensions, or three with colours or planes, as a picture; small ones with their numbers.
 * @param {{value: any[], shape: number[]}} props */
function Picture({ value, shape }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const small = shape.length === 2 && shape[0] <= 12 && shape[1] <= 12;
  useEffect(() => { if (canvas.current) paint(canvas.current, value, shape); }, [value]);
  if (small) {
    return html`<table class="grid"><tbody>${value.map((row) => html`<tr>${row.map((/** @type {number} */ cell) => html`<td title=${String(cell)}>${figure(cell)}</td>`)}</tr>`)}</tbody></table>`;
  }
  return html`<canvas class="pixels" ref=${canvas} role="img" aria-label=${`numbers of the shape ${shape.join(" × ")}`}></canvas><div class="muted">${shape.join(" × ")}</div>`;
}

/** @param {HTMLCanvasElement} canvas @param {any[]} value @param {number[]} shape */
function paint(canvas, value, shape) {
  const colours = shape.length === 3 && (shape[2] === 3 || shape[2] === 4);
  // Planes (frames that are stacked, kinds of pieces): the last one of few, one after the other.
  const planes = shape.length === 3 && !colours ? (shape[0] <= 8 ? value : null) : null;
  const rows = planes ? planes[planes.length - 1] : value;
  const height = rows.length;
  const width = rows[0].length;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  if (!context) return;
  const picture = context.createImageData(width, height);
  const { low, span } = range(rows);
  let place = 0;
  for (const row of rows) {
    for (const cell of row) {
      const parts = Array.isArray(cell) ? cell : [cell];
      for (let channel = 0; channel < 3; channel += 1) {
        const part = colours ? parts[channel] : parts[parts.length - 1];
        picture.data[place + channel] = ((part - low) / span) * 255;
      }
      picture.data[place + 3] = 255;
      place += 4;
    }
  }
  context.putImageData(picture, 0, 0);
}

/** Black and white: bytes as they are, other numbers from the lowest to the highest. @param {any[]} rows */
function range(rows) {
  let low = Infinity;
  let high = -Infinity;
  for (const each of rows.flat(2)) {
    if (each < low) low = each;
    if (each > high) high = each;
  }
  if (low >= 0 && high > 1 && high <= 255) return { low: 0, span: 255 };
  return { low: Number.isFinite(low) ? low : 0, span: high > low ? high - low : 1 };
}

/** The shape of nested lists of numbers; longer than three, or empty: they are none. @param {any} value @returns {number[]} */
function shapeOf(value) {
  const shape = [];
  let part = value;
  while (Array.isArray(part)) {
    if (!part.length || shape.length > 3) return [];
    shape.push(part.length);
    part = part[0];
  }
  return regular(value, shape, 0) ? shape : [];
}

/** @param {any} value @param {number[]} shape @param {number} depth @returns {boolean} */
function regular(value, shape, depth) {
  if (depth === shape.length) return typeof value === "number" || typeof value === "boolean";
  return Array.isArray(value) && value.length === shape[depth] && value.every((part) => regular(part, shape, depth + 1));
}

/** A number of any size, whole ones as they are. @param {any} value */
export const figure = (value) => (value === null ? "-" : typeof value !== "number" || Number.isInteger(value) ? String(value) : decimal(value, 3));

/** @param {string} text */
const cut = (text) => (text.length > 2000 ? `${text.slice(0, 2000)} … (${count(text.length)} characters)` : text);
