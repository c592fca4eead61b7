// The one stream of a tab: what the page shows, as it changes. It goes on by itself when the server is back.
import { signal } from "./ui/html.js";
import { address } from "./api.js";

/** Whether the stream is open; null before the first attempt. @type {import("./vendor/signals.js").Signal<boolean | null>} */
export const connected = signal(null);
/** The daemon's fault, as the stream reports it. @type {import("./vendor/signals.js").Signal<any>} */
export const fault = signal(null);

/** @type {{parameters: Record<string, unknown>, handlers: Record<string, (value: any) => void>} | null} */
let wanted = null;
/** @type {EventSource | null} */
let source = null;
let opened = "";

/** Shows a page's topics; another page's are closed.
 * @param {Record<string, unknown>} parameters as of /api/v1/live
 * @param {Record<string, (value: any) => void>} handlers by topic; `broken`: the stream, or the daemon behind it, fails
 * @returns {() => void} ends it
 */
export function subscribe(parameters, handlers) {
  const mine = { parameters, handlers };
  wanted = mine;
  open();
  return () => {
    if (wanted === mine) {
      wanted = null;
      close();
    }
  };
}

function open() {
  if (!wanted) return;
  const url = address("/api/v1/live", wanted.parameters);
  if (source && opened === url && source.readyState !== EventSource.CLOSED) return;
  close();
  opened = url;
  const mine = new EventSource(url);
  source = mine;
  mine.onopen = () => {
    connected.value = true;
  };
  mine.onerror = () => {
    if (source !== mine) return;
    // An answer that is no stream: who handles that asks why, and says it.
    if (mine.readyState !== EventSource.CLOSED || !wanted?.handlers.broken) connected.value = false;
    wanted?.handlers.broken?.(null);
    if (mine.readyState === EventSource.CLOSED) setTimeout(() => source === mine && open(), 2000);
  };
  for (const topic of ["run", "list", "job"]) {
    mine.addEventListener(topic, (event) => {
      fault.value = null;
      wanted?.handlers[topic]?.(JSON.parse(/** @type {MessageEvent} */ (event).data));
    });
  }
  mine.addEventListener("fault", (event) => {
    fault.value = JSON.parse(/** @type {MessageEvent} */ (event).data).error;
    wanted?.handlers.broken?.(fault.value);
  });
}

function close() {
  source?.close();
  source = null;
  opened = "";
  connected.value = null;
  fault.value = null;
}

// A hidden tab costs nothing; it is up to date again as soon as it is looked at.
addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
