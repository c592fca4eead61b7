// The address is the state: a path and parameters, as signals that every page reads and writes.
import { computed, signal } from "./ui/html.js";

const current = signal(location.pathname + location.search);
addEventListener("popstate", () => (current.value = location.pathname + location.search));

export const path = computed(() => new URL(current.value, location.origin).pathname);
export const parameters = computed(() => new URL(current.value, location.origin).searchParams);

/** Goes to an address of the dashboard.
 * @param {string} address @param {{replace?: boolean}} [how] */
export function go(address, how = {}) {
  if (address === current.value) return;
  history[how.replace ? "replaceState" : "pushState"](null, "", address);
  current.value = address;
  if (!how.replace) scrollTo(0, 0);
}

/** Changes parameters of the present address; null or "" removes one.
 * @param {Record<string, string | null>} changes */
export function change(changes, how = { replace: true }) {
  go(changed(changes), how);
}

/** The present address with other parameters; null or "" removes one.
 * @param {Record<string, string | null>} changes */
export function changed(changes) {
  const query = new URLSearchParams(parameters.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "") query.delete(name);
    else query.set(name, value);
  }
  const text = written(query);
  return path.value + (text ? `?${text}` : "");
}

/** Parameters as an address has them: signs that need no escape are left as they are, so that addresses stay short.
 * @param {URLSearchParams} query */
export const written = (query) => query.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%3B", ";").replaceAll("%2F", "/");

/** Follows a link within the dashboard without loading the page again.
 * @param {MouseEvent} event */
export function follow(event) {
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  if (!link || link.origin !== location.origin || link.target || link.hasAttribute("download")) return;
  if (link.pathname.startsWith("/api/") || link.pathname.startsWith("/static/")) return;
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  go(link.pathname + link.search);
}

/** The range of the horizontal axis that the address names, null for the whole.
 * @returns {[number, number] | null} */
export function zoomed() {
  const parts = (parameters.value.get("zoom") ?? "").split("_").map(Number);
  return parts.length === 2 && parts.every(Number.isFinite) && parts[0] < parts[1] ? [parts[0], parts[1]] : null;
}

/** The end of a run's id, which addresses name it by. @param {string} id */
export const shortId = (id) => id.slice(-8);
