// Live view: the environment of a worker, as it is stepped. A worker takes pictures only while this is shown.
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { address, call } from "../api.js";
import { ago, decimal } from "../format.js";
import { readPictures } from "../picture_stream.js";
import { may } from "../session.js";
import { change, parameters } from "../url.js";

const ENDED = ["completed", "failed", "cancelled", "lost"];
const POLL_MS = 2000;
/** Seconds after which a picture's age is said, and over which pictures are counted. */
const OLD_S = 5;
const WINDOW_S = 10;

/** @param {{run: any}} props */
export function Frames({ run }) {
  const [workers, setWorkers] = useState(/** @type {any[]} */ ([]));
  const [error, setError] = useState(/** @type {any} */ (null));
  const ended = ENDED.includes(run.state);
  useEffect(() => {
    let stopped = false;
    const look = () => call(`/runs/${run.run_id}/frames`).then((found) => { if (!stopped) setWorkers(found.workers); }, () => {});
    look();
    if (ended) return () => { stopped = true; };
    const timer = setInterval(() => { if (!document.hidden) look(); }, POLL_MS);
    return () => { stopped = true; clearInterval(timer); };
  }, [run.run_id, ended, run.state]);
  const shown = workers.filter((each) => each.state !== "none" && !(ended && each.state === "waiting"));
  if (!shown.length) return !ended && workers.length > 0 && run.workers[0]?.worker_type ? html`<${Undrawn} run=${run} />` : null;
  const worker = shown.find((each) => each.worker_id === parameters.value.get("live")) ?? shown[0];
  const write = async (/** @type {any} */ json) => {
    try {
      setWorkers((await call(`/runs/${run.run_id}/frames`, { method: "PATCH", json: { worker: worker.worker_id, ...json } })).workers);
      setError(null);
    } catch (fault) {
      setError(fault);
    }
  };
  const switchable = may("run") && ["live", "off", "waiting"].includes(worker.state);
  return html`<section class="live" aria-label="Live view">
    <div class="bar"><h2>Live view</h2>
      ${shown.length > 1 && html`<select aria-label="Worker" value=${worker.worker_id} onChange=${(/** @type {any} */ event) => change({ live: event.target.value })}>
        ${shown.map((each) => html`<option value=${each.worker_id} selected=${each.worker_id === worker.worker_id}>${each.worker_id}</option>`)}</select>`}
      ${switchable && worker.environments > 1 && html`<${Layout} worker=${worker} write=${write} />`}
      <span class="push"></span>
      ${switchable && html`<button type="button" aria-pressed=${worker.on} title="For all who watch this run" onClick=${() => write({ on: !worker.on })}>${worker.on ? "Switch off" : "Switch on"}</button>`}
    </div>
    <${ErrorBox} error=${error} />
    <${Pictures} key=${worker.worker_id} run=${run} worker=${worker} />
  </section>`;
}

/** Why there is nothing to switch on, and what to do instead. @param {{run: any}} props */
function Undrawn({ run }) {
  const again = `/launch/${encodeURIComponent(run.workers[0].worker_type)}?as=${run.run_id}`;
  return html`<p class="muted undrawn">No live view: this run was started with <em>Render: off</em>. An environment is made for drawing or without it, and stays so until it
    ends. ${may("run") ? html`<a href=${again}>Start it again</a> with <em>Render: on</em>, or see` : "See"} its <a href=${`/runs/${run.run_id}?tab=episodes`}>episodes</a>, which are played again with pictures.</p>`;
}

/** @param {{worker: any, write: (json: any) => void}} props */
function Layout({ worker, write }) {
  const value = worker.layout === "grid" ? "grid" : String(worker.place);
  const places = Array.from({ length: Math.min(worker.environments, 256) }, (_, place) => String(place));
  return html`<select aria-label="Environments" value=${value} onChange=${(/** @type {any} */ event) => write(event.target.value === "grid" ? { layout: "grid" } : { layout: "single", place: Number(event.target.value) })}>
    <option value="grid" selected=${value === "grid"}>grid${worker.environments > 16 ? ` of 16 of ${worker.environments}` : ""}</option>
    ${places.map((place) => html`<option value=${place} selected=${value === place}>environment ${place}</option>`)}</select>`;
}

/** @param {{run: any, worker: any}} props */
function Pictures({ run, worker }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const [seen, setSeen] = useState(/** @type {{times: number[], taken: number, cost: number, size: string}} */ ({ times: [], taken: 0, cost: 0, size: "" }));
  const [, setTick] = useState(0);
  const visible = useVisible();
  const wanted = visible && ["live", "gone", "waiting"].includes(worker.state);
  useEffect(() => {
    const timer = setInterval(() => setTick((tick) => tick + 1), 1000);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    if (!wanted) return undefined;
    const stop = new AbortController();
    const url = address(`/api/v1/runs/${run.run_id}/frames/stream`, { worker: worker.worker_id, width: 800 });
    const read = async () => {
      while (!stop.signal.aborted) {
        const began = performance.now();
        try {
          await readPictures(url, stop.signal, (picture) => draw(canvas.current, picture, setSeen));
          if (worker.state === "gone") return;
        } catch {
          // Why nothing is shown is asked for all the time; a lost connection is said in the page's head.
        }
        // A response ends after a while, and the next one follows at once.
        if (performance.now() - began < POLL_MS) await new Promise((done) => setTimeout(done, POLL_MS));
      }
    };
    read();
    return () => stop.abort();
  }, [run.run_id, worker.worker_id, worker.state === "gone", wanted]);
  const now = performance.now() / 1000;
  const recent = seen.times.filter((time) => now - time < WINDOW_S);
  const age = seen.taken ? now - seen.taken : null;
  const rate = recent.length > 1 ? (recent.length - 1) / (recent[recent.length - 1] - recent[0]) : 0;
  return html`<div class="screen">
      <canvas ref=${canvas} role="img" aria-label=${`Environment of worker ${worker.worker_id}`} width="600" height="400" hidden=${!seen.taken} class=${worker.state === "live" ? "" : "still"}></canvas>
      ${!seen.taken && html`<p class="muted">${saying(worker)}</p>`}
    </div>
    <p class="muted readout" title=${seen.size && `${seen.size} pixels, ${decimal(seen.cost * 1000)} ms each`}>${seen.taken && worker.state !== "live" ? `${saying(worker)} ` : ""}${seen.taken && worker.state === "live" && age !== null && age <= OLD_S && rate > 0
      ? `${decimal(rate)} pictures/s · ${decimal(rate * seen.cost * 100)} % of the training's time` : ""}${age !== null && age > OLD_S ? html`<strong>picture of ${ago(Date.now() / 1000 - age)}</strong>${worker.state === "live" ? ": the worker takes no steps" : ""}` : ""}</p>`;
}

/** @param {any} worker */
function saying(worker) {
  if (worker.state === "unable") return `This environment cannot be shown: ${worker.why}.`;
  if (worker.state === "off") return "Switched off.";
  if (worker.state === "gone") return "The worker has ended.";
  return worker.state === "waiting" ? "The worker has taken no step yet." : "waiting for a picture …";
}

/** @param {HTMLCanvasElement | null} canvas @param {import("../picture_stream.js").Picture} picture @param {(change: (seen: any) => any) => void} setSeen */
async function draw(canvas, picture, setSeen) {
  if (!canvas) return;
  const bitmap = await createImageBitmap(picture.jpeg);
  if (canvas.width !== bitmap.width) canvas.width = bitmap.width;
  if (canvas.height !== bitmap.height) canvas.height = bitmap.height;
  canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
  bitmap.close();
  const now = performance.now() / 1000;
  setSeen((seen) => ({ times: [...seen.times.filter((/** @type {number} */ time) => now - time < WINDOW_S), now], taken: now - picture.age, cost: picture.cost, size: picture.size.replace("x", "×") }));
}

/** Whether the tab is shown: a hidden one takes no pictures. */
function useVisible() {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setVisible(!document.hidden);
    addEventListener("visibilitychange", look);
    return () => removeEventListener("visibilitychange", look);
  }, []);
  return visible;
}
