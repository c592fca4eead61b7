// One episode, step by step: the picture, what was done, what came of it. The address holds the episode and the step.
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { useKeys } from "../ui/keys.js";
import { call } from "../api.js";
import { count, decimal, number } from "../format.js";
import { change, parameters } from "../url.js";
import { Pictures } from "./replay_pictures.js";
import { Detail } from "./replay_detail.js";
import { Origin, Screen } from "./replay_screen.js";
import { readSteps } from "./replay_steps.js";

const SPEEDS = [1, 5, 10, 15, 30, 60, 120];

/** @param {{run: any, id: string}} props */
export function Replay({ run, id }) {
  const [episode, setEpisode] = useState(/** @type {any} */ (null));
  const [steps, setSteps] = useState(/** @type {import("./replay_steps.js").Step[]} */ ([]));
  const [state, setState] = useState({ done: false, cut: false });
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    const stop = new AbortController();
    const failed = (/** @type {any} */ fault) => { if (!stop.signal.aborted) setError(fault); };
    call(`/runs/${run.run_id}/episodes/${id}`, { signal: stop.signal }).then((found) => {
      setEpisode(found);
      const take = (/** @type {any} */ list, /** @type {any} */ how) => { setSteps(list); setState(how); };
      return readSteps(run.run_id, found, take, stop.signal);
    }).catch(failed);
    return () => stop.abort();
  }, [run.run_id, id]);
  const back = () => change({ episode: null, step: null }, { replace: false });
  if (error) return html`<div><${Back} back=${back} /><${ErrorBox} error=${error} /></div>`;
  if (!episode) return html`<p class="muted">loading …</p>`;
  return html`<div>
    <div class="bar"><${Back} back=${back} /><h2 style=${{ margin: 0 }}>${episode.phase === "eval" ? "evaluation" : "training"} episode ${count(episode.ep_index)}${episode.agent_id && html` of <bdi>${episode.agent_id}</bdi>`}</h2>
      <span class="muted">return ${episode.non_finite?.total_reward ?? decimal(number(episode.total_reward))} · ${count(episode.steps)} steps
        ${episode.extra?.seed !== undefined && ` · seed ${episode.extra.seed}`} · worker <code>${episode.worker_id}</code></span></div>
    <${Player} run=${run} episode=${episode} steps=${steps} state=${state} back=${back} />
  </div>`;
}

/** @param {{back: () => void}} props */
const Back = ({ back }) => html`<button type="button" onClick=${back}>← Episodes</button>`;

/** @param {{run: any, episode: any, steps: import("./replay_steps.js").Step[], state: {done: boolean, cut: boolean}, back: () => void}} props */
function Player({ run, episode, steps, state, back }) {
  const last = state.done ? steps.length : Math.max(steps.length, state.cut ? 0 : episode.steps ?? 0);
  const asked = Number(parameters.value.get("step")) || 0;
  const [place, setPlace] = useState(asked);
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(() => Number(localStorage.getItem("replay-speed")) || 30);
  const [, redraw] = useState(0);
  const pictures = useRef(/** @type {Pictures | null} */ (null));
  const mounted = useRef(true);
  pictures.current ??= new Pictures(run.run_id, episode.id, () => mounted.current && redraw((turn) => turn + 1));
  const shown = Math.min(place, Math.max(last, 0));
  useEffect(() => { mounted.current = true; return () => { mounted.current = false; pictures.current?.close(); pictures.current = null; }; }, []);
  useEffect(() => pictures.current?.want(shown), [shown]);
  const within = (/** @type {number} */ to) => Math.max(0, Math.min(last, to));
  const go = (/** @type {number} */ to) => { setPlaying(false); setPlace(within(to)); };
  const move = (/** @type {number} */ by) => { setPlaying(false); setPlace((at) => within(within(at) + by)); }; // keys may come faster than pictures
  const toggle = () => { if (!playing && shown >= last) setPlace(0); setPlaying(!playing); };
  usePlaying(playing, speed, shown, last, pictures, (to) => { setPlace(to); if (to >= last) setPlaying(false); });
  useEffect(() => { if (!playing) change({ step: shown ? String(shown) : null }); }, [playing, shown]);
  useKeys({
    " ": { about: "play or pause", act: toggle }, ArrowRight: { about: "next step", act: () => move(1) }, ArrowLeft: { about: "step before", act: () => move(-1) },
    Home: { about: "first step", act: () => go(0) }, End: { about: "last step", act: () => go(last) }, Escape: { about: "back to the episodes", act: back },
  }, [playing, shown, last]);
  const choose = (/** @type {number} */ value) => { setSpeed(value); localStorage.setItem("replay-speed", String(value)); };
  return html`<div class="replay">
    <div>
      <${Screen} pictures=${pictures.current} place=${shown} />
      <div class="bar controls">
        <button type="button" aria-label="First step" title="First step (Home)" disabled=${shown === 0} onClick=${() => go(0)}>|◀</button>
        <button type="button" aria-label="Step before" title="Step before (←)" disabled=${shown === 0} onClick=${() => move(-1)}>◀</button>
        <button type="button" class="primary" title=${playing ? "Pause (space)" : "Play (space)"} disabled=${!last} onClick=${toggle}>${playing ? "❚❚ Pause" : "▶ Play"}</button>
        <button type="button" aria-label="Next step" title="Next step (→)" disabled=${shown >= last} onClick=${() => move(1)}>▶</button>
        <button type="button" aria-label="Last step" title="Last step (End)" disabled=${shown >= last} onClick=${() => go(last)}>▶|</button>
        <select aria-label="Steps per second" value=${String(speed)} onChange=${(/** @type {any} */ event) => choose(Number(event.target.value))}>
          ${SPEEDS.map((each) => html`<option value=${String(each)}>${each} steps/s</option>`)}</select>
        <span class="muted">${count(shown)} of ${count(last)}</span>
      </div>
      <input type="range" class="wide-range" aria-label="Step" min="0" max=${last} value=${shown} onInput=${(/** @type {any} */ event) => go(Number(event.target.value))} />
      <${Origin} pictures=${pictures.current} />
      ${state.cut && html`<p class="muted">The first ${count(steps.length)} steps: the rest is too large for this page. Read all: <code>mosaic replay ${run.run_id} ${episode.id} --json</code></p>`}
    </div>
    <${Detail} steps=${steps} place=${shown} loading=${!state.done && !state.cut} go=${go} />
  </div>`;
}

/** Moves on in time; waits for a picture that is still to come.
 * @param {boolean} playing @param {number} speed @param {number} place @param {number} last
 * @param {{current: Pictures | null}} pictures @param {(place: number) => void} move */
function usePlaying(playing, speed, place, last, pictures, move) {
  const now = useRef({ place, last, move });
  now.current = { place, last, move };
  useEffect(() => {
    if (!playing) return undefined;
    let due = performance.now() + 1000 / speed;
    let timer = requestAnimationFrame(function tick(time) {
      const late = Math.floor(((time - due) * speed) / 1000) + 1;
      if (late > 0) {
        const { place: at, last: end, move: go } = now.current;
        const drawn = pictures.current;
        const next = Math.min(end, at + Math.min(late, 8)); // a hidden tab does not jump
        const waits = drawn && drawn.progress.loading && drawn.urls.size > 0 && !drawn.urls.has(next);
        if (!waits) go(next);
        due = time + 1000 / speed;
      }
      timer = requestAnimationFrame(tick);
    });
    return () => cancelAnimationFrame(timer);
  }, [playing, speed]);
}
