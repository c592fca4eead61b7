// Draws the lines of a chart: bands, gaps, values beyond the edge, and values that are not finite.
import { decimal } from "../format.js";

/** @typedef {import("./chart_range.js").Line} Line */
/** @typedef {import("./chart_range.js").Range} Range */
/** Where a chart is drawn: the box in pixels of the canvas, and what its sides stand for.
 * @typedef {{left: number, top: number, width: number, height: number, x: Range, y: Range, logX: boolean, logY: boolean, ratio: number}} Frame */
/** What is drawn on: a canvas, or the recorder of an SVG picture. @typedef {CanvasRenderingContext2D | import("./chart_svg.js").SvgContext} Context */

const MOST_MARKS = 40;
const MOST_TEXTS = 6;

/** Functions from values to pixels. @param {Frame} frame */
export function scales(frame) {
  return { x: scale(frame.x, frame.logX, frame.left, frame.width), y: scale(frame.y, frame.logY, frame.top + frame.height, -frame.height) };
}

/** @param {Range} range @param {boolean} log @param {number} start @param {number} length @returns {(value: number) => number} */
function scale([low, high], log, start, length) {
  if (log) {
    const [from, to] = [Math.log10(low), Math.log10(high)];
    return (value) => (value > 0 ? start + ((Math.log10(value) - from) / (to - from)) * length : NaN);
  }
  const factor = length / (high - low);
  return (value) => start + (value - low) * factor;
}

/** Lines of one frame of the screen: more are drawn in the next, so that the page goes on answering. */
const PART = 120;

/** Draws many lines over several frames of the screen. @param {CanvasRenderingContext2D} context @param {Frame} frame @param {Line[]} lines
 * @param {string} textColour @param {() => boolean} wanted whether this drawing is still the newest */
export function drawInParts(context, frame, lines, textColour, wanted) {
  const part = (/** @type {number} */ start) => {
    if (!wanted()) return;
    if (start >= lines.length) return drawSigns(context, frame, lines, textColour);
    drawPart(context, frame, lines.slice(start, start + PART));
    requestAnimationFrame(() => part(start + PART));
  };
  part(0);
}

/** @param {Context} context @param {Frame} frame @param {Line[]} lines @param {string} textColour */
export function drawLines(context, frame, lines, textColour) {
  drawPart(context, frame, lines);
  drawSigns(context, frame, lines, textColour);
}

/** @param {Context} context @param {Frame} frame @param {Line[]} lines */
function drawPart(context, frame, lines) {
  context.save();
  context.beginPath();
  context.rect(frame.left, frame.top, frame.width, frame.height);
  context.clip();
  const to = scales(frame);
  for (const line of lines) if (line.low && line.high) drawBand(context, line, to);
  for (const line of lines) if (!line.hidden) drawLine(context, frame, line, to);
  context.restore();
}

/** @param {Context} context @param {Frame} frame @param {Line[]} lines @param {string} textColour */
function drawSigns(context, frame, lines, textColour) {
  const to = scales(frame);
  drawBeyond(context, frame, lines, to, textColour);
  drawMarks(context, frame, lines, to);
}

/** @param {Context} context @param {Line} line @param {ReturnType<typeof scales>} to */
function drawBand(context, { x, y, low, high, colour }, to) {
  context.fillStyle = `${colour}2e`;
  let start = 0;
  for (let at = 0; at <= x.length; at += 1) {
    if (at < x.length && y[at] !== null && valid(low?.[at]) && valid(high?.[at])) continue;
    if (at - start > 1) {
      context.beginPath();
      for (let edge = start; edge < at; edge += 1) context.lineTo(to.x(x[edge]), bounded(to.y(/** @type {number} */ (high?.[edge]))));
      for (let edge = at - 1; edge >= start; edge -= 1) context.lineTo(to.x(x[edge]), bounded(to.y(/** @type {number} */ (low?.[edge]))));
      context.closePath();
      context.fill();
    }
    start = at + 1;
  }
}

/** @param {Context} context @param {Frame} frame @param {Line} line @param {ReturnType<typeof scales>} to */
export function drawLine(context, frame, { x, y, colour, dash, width, faint, dots }, to) {
  const size = frame.ratio;
  context.strokeStyle = faint ? `${colour}55` : colour;
  context.lineWidth = (width ?? 1.5) * size;
  context.setLineDash((dash ?? []).map((each) => each * size));
  context.beginPath();
  let open = false;
  let alone = -1;
  const lone = [];
  for (let at = 0; at < x.length; at += 1) {
    const value = y[at];
    const [across, down] = value === null ? [NaN, NaN] : [to.x(x[at]), bounded(to.y(value))];
    if (Number.isNaN(across) || Number.isNaN(down)) {
      if (alone >= 0) lone.push(alone);
      open = false;
      alone = -1;
      continue;
    }
    if (open) context.lineTo(across, down);
    else context.moveTo(across, down);
    alone = open ? -1 : at;
    open = true;
  }
  if (alone >= 0) lone.push(alone);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = context.strokeStyle;
  const every = dots ? Array.from({ length: x.length }, (_, at) => at) : lone;
  for (const at of every) { // a value between two gaps, which no line shows
    if (y[at] === null) continue;
    context.beginPath();
    context.arc(to.x(x[at]), bounded(to.y(/** @type {number} */ (y[at]))), (dots ? 1.8 : 2.2) * size, 0, 7);
    context.fill();
  }
}

/** Triangles at the edge where lines go beyond it, the farthest with their values.
 * @param {Context} context @param {Frame} frame @param {Line[]} lines @param {ReturnType<typeof scales>} to @param {string} textColour */
function drawBeyond(context, frame, lines, to, textColour) {
  const found = lines.filter((line) => !line.faint).flatMap((line) => beyond(line, frame)).sort((one, other) => other.far - one.far).slice(0, MOST_MARKS);
  const size = 5 * frame.ratio;
  /** @type {Range[]} */
  const taken = [];
  for (const { x, value, up, colour } of found) {
    const across = to.x(x);
    const edge = up ? frame.top : frame.top + frame.height;
    triangle(context, across, edge, up ? size : -size, colour, true);
    if (taken.length >= MOST_TEXTS || taken.some(([at, side]) => side === Number(up) && Math.abs(at - across) < 60 * frame.ratio)) continue;
    taken.push([across, Number(up)]);
    context.fillStyle = textColour;
    context.font = `${11 * frame.ratio}px system-ui`;
    context.textAlign = across > frame.left + frame.width * 0.85 ? "right" : "left";
    context.textBaseline = up ? "top" : "bottom";
    context.fillText(decimal(value), across + (context.textAlign === "right" ? -1 : 1) * (size + 2), edge + (up ? 1 : -1) * frame.ratio);
  }
}

/** The farthest value of each stretch of a line beyond the axis.
 * @param {Line} line @param {Frame} frame */
export function beyond({ x, y, low, high, colour }, { x: view, y: [bottom, top] }) {
  const found = [];
  for (const up of [true, false]) {
    let current = null;
    for (let at = 0; at < x.length; at += 1) {
      const middle = y[at];
      if (middle === null || x[at] < view[0] || x[at] > view[1]) continue;
      const value = (up ? high : low)?.[at] ?? middle;
      const far = up ? value - top : bottom - value;
      if (far <= 0) current = null;
      else if (!current) found.push((current = { x: x[at], value, far, up, colour }));
      else if (far > current.far) Object.assign(current, { x: x[at], value, far });
    }
  }
  return found;
}

/** NaN as a cross at the lower edge, infinities as hollow triangles at the edges.
 * @param {Context} context @param {Frame} frame @param {Line[]} lines @param {ReturnType<typeof scales>} to */
function drawMarks(context, frame, lines, to) {
  const size = 4 * frame.ratio;
  const bottom = frame.top + frame.height;
  for (const { marks, colour } of lines) {
    for (const { x, kind } of marks ?? []) {
      if (x < frame.x[0] || x > frame.x[1]) continue;
      const across = to.x(x);
      if (kind !== "nan") {
        triangle(context, across, kind === "+inf" ? frame.top : bottom, kind === "+inf" ? size : -size, colour, false);
        continue;
      }
      context.strokeStyle = colour;
      context.lineWidth = 1.5 * frame.ratio;
      context.beginPath();
      context.moveTo(across - size, bottom - 2.5 * size);
      context.lineTo(across + size, bottom - 0.5 * size);
      context.moveTo(across + size, bottom - 2.5 * size);
      context.lineTo(across - size, bottom - 0.5 * size);
      context.stroke();
    }
  }
}

/** @param {Context} context @param {number} x @param {number} edge @param {number} size @param {string} colour @param {boolean} filled */
function triangle(context, x, edge, size, colour, filled) {
  context.beginPath();
  context.moveTo(x, edge);
  context.lineTo(x - Math.abs(size), edge + 1.6 * size);
  context.lineTo(x + Math.abs(size), edge + 1.6 * size);
  context.closePath();
  if (filled) {
    context.fillStyle = colour;
    context.fill();
  } else {
    context.strokeStyle = colour;
    context.lineWidth = Math.abs(size) / 3;
    context.stroke();
  }
}

/** Canvases draw nothing right at coordinates far outside. @param {number} value */
const bounded = (value) => (value > 1e6 ? 1e6 : value < -1e6 ? -1e6 : value);
/** @param {number | null | undefined} value */
const valid = (value) => value !== null && value !== undefined && Number.isFinite(value);
