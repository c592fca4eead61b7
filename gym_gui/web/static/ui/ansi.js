// Colours that programs print (ANSI escape sequences), as text in colours; every other sequence is left out.
import { html } from "./html.js";

const SEQUENCE = /(?:\u001b|\\x1b|\\u001b)\[([0-9;]*)([A-Za-z])|\u001b\][^\u0007]*\u0007|[\u0000-\u0008\u000b-\u001f\u007f]/g;
const COLOURS = ["", "red", "green", "amber", "accent", "violet", "accent", "muted"];

/** @param {string} text */
export function ansi(text) {
  if (!text.includes("\u001b") && !text.includes("\\x1b")) return text;
  /** @type {any[]} */
  const parts = [];
  let style = "";
  let bold = false;
  let last = 0;
  const add = (/** @type {string} */ piece) => {
    if (piece) parts.push(style || bold ? html`<span class=${style}>${bold ? html`<strong>${piece}</strong>` : piece}</span>` : piece);
  };
  for (const match of text.matchAll(SEQUENCE)) {
    add(text.slice(last, match.index));
    last = match.index + match[0].length;
    if (match[2] !== "m") continue;
    for (const code of (match[1] || "0").split(";").map(Number)) {
      if (code === 0) [style, bold] = ["", false];
      else if (code === 1) bold = true;
      else if (code === 22) bold = false;
      else if (code === 39) style = "";
      else if (code >= 30 && code <= 37) style = COLOURS[code - 30];
      else if (code >= 90 && code <= 97) style = COLOURS[code - 90];
    }
  }
  add(text.slice(last));
  return parts;
}
