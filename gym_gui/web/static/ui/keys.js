// Keys of the dashboard. A page registers its own while it is shown.
import { html, signal, useEffect } from "./html.js";

/** @typedef {{about: string, act: (event: KeyboardEvent) => void}} Key */
/** @type {import("../vendor/signals.js").Signal<Record<string, Key>>} */
const keys = signal({});
const shown = signal(false);
/** Keys of all shown components; those of later ones go before. @type {Record<string, Key>[]} */
const registered = [];

/** Registers keys while a component is shown.
 * @param {Record<string, Key>} own @param {unknown[]} dependencies */
export function useKeys(own, dependencies) {
  useEffect(() => {
    registered.push(own);
    keys.value = Object.assign({}, ...registered);
    return () => {
      registered.splice(registered.indexOf(own), 1);
      keys.value = Object.assign({}, ...registered);
    };
  }, dependencies);
}

export function listen() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const typing = target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
    if (event.key === "Escape" && typing) return target.blur();
    if (typing) return;
    if (event.key === "?") shown.value = !shown.value;
    else if (event.key === "Escape" && shown.value) shown.value = false;
    else {
      const key = keys.value[event.key];
      if (!key || ([" ", "Enter"].includes(event.key) && ["A", "BUTTON", "SUMMARY"].includes(target.tagName))) return;
      event.preventDefault();
      key.act(event);
    }
  });
}

export function KeyHelp() {
  if (!shown.value) return null;
  return html`<dialog open class="keys" aria-label="Keys">
    <table>
      ${Object.entries(keys.value).map(([key, { about }]) => html`<tr><td><kbd>${key === " " ? "space" : key}</kbd></td><td>${about}</td></tr>`)}
      <tr><td><kbd>?</kbd></td><td>these keys</td></tr>
    </table>
    <button type="button" onClick=${() => (shown.value = false)}>Close</button>
  </dialog>`;
}
