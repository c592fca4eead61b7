// Records what is drawn as an SVG picture: the part of a canvas's interface that charts use.

export class SvgContext {
  /** @param {number} width @param {number} height */
  constructor(width, height) {
    /** @type {[number, number]} */
    this.size = [width, height];
    this.fillStyle = "#000";
    this.strokeStyle = "#000";
    this.lineWidth = 1;
    this.font = "11px system-ui";
    this.textAlign = "left";
    this.textBaseline = "alphabetic";
    /** @type {number[]} */
    this.dash = [];
    /** @type {string[]} */
    this.path = [];
    /** @type {string[]} */
    this.parts = [];
    this.clips = 0;
    this.open = 0;
  }

  save() {}
  restore() {
    while (this.open > 0) {
      this.parts.push("</g>");
      this.open -= 1;
    }
  }
  beginPath() { this.path = []; }
  /** @param {number} x @param {number} y */
  moveTo(x, y) { this.path.push(`M${short(x)} ${short(y)}`); }
  /** @param {number} x @param {number} y */
  lineTo(x, y) { this.path.push(`${this.path.length ? "L" : "M"}${short(x)} ${short(y)}`); }
  closePath() { this.path.push("Z"); }
  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  rect(x, y, width, height) { this.path.push(`M${short(x)} ${short(y)}h${short(width)}v${short(height)}h${short(-width)}Z`); }
  /** A whole circle. @param {number} x @param {number} y @param {number} radius */
  arc(x, y, radius) { this.path.push(`M${short(x - radius)} ${short(y)}a${short(radius)} ${short(radius)} 0 1 0 ${short(2 * radius)} 0a${short(radius)} ${short(radius)} 0 1 0 ${short(-2 * radius)} 0`); }
  clip() {
    this.clips += 1;
    this.parts.push(`<clipPath id="c${this.clips}"><path d="${this.path.join("")}"/></clipPath><g clip-path="url(#c${this.clips})">`);
    this.open += 1;
  }
  /** @param {number[]} dash */
  setLineDash(dash) { this.dash = dash; }
  stroke() {
    if (!this.path.length) return;
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.map(short).join(" ")}"` : "";
    this.parts.push(`<path d="${this.path.join("")}" fill="none" ${colour("stroke", this.strokeStyle)} stroke-width="${short(this.lineWidth)}"${dash}/>`);
  }
  fill() { this.parts.push(`<path d="${this.path.join("")}" ${colour("fill", this.fillStyle)}/>`); }
  /** @param {number} x @param {number} y @param {number} width @param {number} height */
  fillRect(x, y, width, height) { this.parts.push(`<rect x="${short(x)}" y="${short(y)}" width="${short(width)}" height="${short(height)}" ${colour("fill", this.fillStyle)}/>`); }
  /** @param {string} text @param {number} x @param {number} y */
  fillText(text, x, y) {
    const anchor = { left: "start", right: "end", center: "middle" }[this.textAlign] ?? "start";
    const baseline = { top: "hanging", bottom: "auto", middle: "central" }[this.textBaseline] ?? "auto";
    const size = /([\d.]+)px/.exec(this.font)?.[1] ?? "11";
    this.parts.push(`<text x="${short(x)}" y="${short(y)}" font-size="${size}" text-anchor="${anchor}" dominant-baseline="${baseline}" ${colour("fill", this.fillStyle)}>${escaped(text)}</text>`);
  }

  /** The picture. @param {string} title */
  document(title) {
    const [width, height] = this.size;
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif"><title>${escaped(title)}</title>${this.parts.join("\n")}</svg>\n`;
  }
}

/** @param {number} value */
const short = (value) => String(Math.round(value * 100) / 100);
/** @param {string} text */
const escaped = (text) => text.replace(/[&<>"]/g, (letter) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[letter] ?? letter).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "");

/** A colour with its share of opacity apart, as older programs want it. @param {string} name @param {unknown} value */
function colour(name, value) {
  const parts = /^(#[0-9a-f]{6})([0-9a-f]{2})$/i.exec(String(value));
  return parts ? `${name}="${parts[1]}" ${name}-opacity="${short(parseInt(parts[2], 16) / 255)}"` : `${name}="${escaped(String(value))}"`;
}
