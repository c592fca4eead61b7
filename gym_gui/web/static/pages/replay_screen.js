// The picture of a step, and where it comes from: played again and compared, stored, or none, with the reason.
import { html } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { count } from "../format.js";

/** @param {{pictures: import("./replay_pictures.js").Pictures | null, place: number}} props */
export function Screen({ pictures, place }) {
  if (!pictures) return null;
  const { progress } = pictures;
  const picture = pictures.at(place);
  return html`<div class="screen">
    ${picture ? html`<img src=${picture.url} alt=${`the environment after step ${place}`} class=${picture.exact ? "" : "stale"} onLoad=${(/** @type {any} */ event) => event.target.classList.toggle("pixelated", event.target.naturalWidth < 320)} />`
      : html`<div class="blank">${progress.loading ? html`<span class="muted">playing it again …${progress.total > 0 && ` ${count(progress.done)} of ${count(progress.total)} steps`}</span>`
        : html`<span class="muted">no picture of this step</span>`}</div>`}
    ${picture && !picture.exact && html`<p class="muted">${progress.loading ? "the picture of this step is being drawn" : "no picture of this step: the last one before it is shown"}</p>`}
  </div>`;
}

/** @param {{pictures: import("./replay_pictures.js").Pictures | null}} props */
export function Origin({ pictures }) {
  if (!pictures) return null;
  const { progress } = pictures;
  return html`<${ErrorBox} error=${progress.error} retry=${() => pictures.load(Math.max(0, pictures.first))} />
  <div class="origin" role="status">
    ${progress.loading && html`<p class="muted"><progress value=${progress.done} max=${progress.total || 1} aria-label="played again"></progress> ${progress.source === "stored" ? "reading the stored frames" : "playing it again"} …</p>`}
    ${progress.end && html`<${Outcome} end=${progress.end} again=${() => pictures.load(Math.max(0, pictures.first))} />`}
  </div>`;
}

/** @param {{end: any, again: () => void}} props */
function Outcome({ end, again }) {
  const rewards = `${count(end.compared)} rewards${end.observations ? ` and ${count(end.observations)} observations` : ""}`;
  const reason = end.reason && html`<p><bdi>${sentence(end.reason)}</bdi>${end.next_step && html`<br /><span class="muted">next</span> <code>${end.next_step}</code>`}</p>`;
  if (end.outcome === "reproduced") {
    return html`<p><span class="green">✓ played again</span> <span class="muted">from its seed and actions, in the worker's own Python environment: ${rewards} are as recorded.</span></p>${reason}`;
  }
  if (end.outcome === "stored") {
    return html`<p><span class="accent">● stored frames</span> <span class="muted">that the run recorded (${count(end.frames)}).</span></p>${reason}`;
  }
  if (end.outcome === "differs") {
    return html`<p><span class="amber">! not the same again</span> <span class="muted">${end.compared ? `${rewards} were as recorded before that.` : ""}</span></p>${reason}`;
  }
  return html`<p><span class="muted">${end.frames ? "Not all pictures" : "No pictures"}</span></p>${reason}
    <button type="button" onClick=${again}>Try again</button>`;
}

/** @param {string} text */
const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
