// Text from outside, made visible: characters that reorder, hide or control text become escapes, as on the command line.

// Control characters but tab and line ends; characters that reorder text (bidirectional); those without a glyph; lone surrogates.
// Joiners, variation selectors and tags of flags are ordinary text.
const HIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufffb\p{Surrogate}]/u;
const EACH = new RegExp(HIDDEN, "gu");
/** Attributes that are shown or read out. */
const SHOWN = ["title", "aria-label", "alt", "placeholder"];

/** @param {string} text */
export const visible = (text) => (HIDDEN.test(text) ? text.replace(EACH, escaped) : text);

/** @param {string} character */
function escaped(character) {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}

/** What an element shows: texts and lists of texts. @param {any} child @returns {any} */
export function visibleChild(child) {
  if (typeof child === "string") return visible(child);
  return Array.isArray(child) ? child.map(visibleChild) : child;
}

/** The properties of an element; the same object where nothing needs to change. @param {Record<string, any> | null} props */
export function visibleProps(props) {
  let changed = props;
  for (const name of SHOWN) {
    const value = props?.[name];
    if (typeof value === "string" && HIDDEN.test(value)) changed = { ...changed, [name]: visible(value) };
  }
  return changed;
}
