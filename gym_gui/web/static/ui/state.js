// A state: a glyph and a word, never a colour alone.
import { html } from "./html.js";
import { me } from "../session.js";

/** @param {{state: string, cause?: string, count?: number}} props */
export function State({ state, cause, count }) {
  const look = me.value?.states?.[state];
  return html`<span class=${`state ${look?.colour ?? ""}`} title=${cause}>
    <span aria-hidden="true">${look?.glyph ?? "?"}</span> ${count !== undefined && count > 1 ? `${count} ` : ""}${state}
  </span>`;
}
