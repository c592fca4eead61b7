// One place for the libraries that every component uses.
import { h as create, render, Fragment } from "../vendor/preact.js";
import htm from "../vendor/htm.js";
import { visibleChild, visibleProps } from "./text.js";

export { Fragment, render };
export { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
export { computed, effect, signal, useSignal } from "../vendor/signals.js";
/** An element or a component. What an element shows is made visible first; what is typed into one stays as it is.
 * @param {any} type @param {any} props @param {...any} children */
const h = (type, props, ...children) => (typeof type === "string" && type !== "textarea" ? create(type, visibleProps(props), ...children.map(visibleChild)) : create(type, props, ...children));
export const html = htm.bind(h);

/** Joins class names; false ones are left out.
 * @param {...(string | false | null | undefined)} names
 */
export const classes = (...names) => names.filter(Boolean).join(" ");
