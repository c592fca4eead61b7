// One run: its state and what can be done, and tabs for everything that is known of it.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { useKeys } from "../ui/keys.js";
import { State } from "../ui/state.js";
import { visible } from "../ui/text.js";
import { call } from "../api.js";
import { count, duration, moment, short } from "../format.js";
import { take } from "../jobs.js";
import { subscribe } from "../live.js";
import { may } from "../session.js";
import { follow, go, parameters } from "../url.js";
import { Overview } from "./run_overview.js";
import { Episodes } from "./run_episodes.js";
import { Config } from "./run_config.js";
import { Logs } from "./run_logs.js";
import { Metrics } from "./run_metrics.js";
import { More } from "./run_more.js";
import { Files } from "./run_files.js";
import { System } from "./run_system.js";

/** @type {Record<string, any>} */
const TABS = { overview: Overview, metrics: Metrics, episodes: Episodes, logs: Logs, config: Config, files: Files, system: System };

/** @param {{name: string}} props */
export default function Run({ name: id }) {
  const [run, setRun] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [turn, setTurn] = useState(0);
  const tab = TABS[parameters.value.get("tab") ?? ""] ? /** @type {string} */ (parameters.value.get("tab")) : "overview";
  useEffect(() => {
    const stop = new AbortController();
    call(`/runs/${id}`, { signal: stop.signal }).then((found) => { setRun(found); setError(null); }, (fault) => { if (!stop.signal.aborted) setError(fault); });
    return () => stop.abort();
  }, [id, turn]);
  useEffect(() => (error?.status === 404 ? undefined : subscribe({ runs: id, jobs: id }, { run: setRun, job: take })), [id, error?.status]);
  useKeys({ Escape: { about: "back to the list", act: () => go("/") } }, []);
  useEffect(() => { if (run) document.title = `${visible(run.run_name)} · MOSAIC`; }, [run?.run_name]);
  if (error && !run) return html`<div onClick=${follow}><${ErrorBox} error=${error} retry=${() => setTurn(turn + 1)} /><a href="/">All runs</a></div>`;
  if (!run) return html`<p class="muted">loading …</p>`;
  const Shown = TABS[tab];
  return html`<div onClick=${follow}>
    <${Head} run=${run} changed=${setRun} />
    <nav class="tabs" aria-label="Parts of the run">
      ${Object.keys(TABS).map((each) => html`<a href=${`/runs/${id}${each === "overview" ? "" : `?tab=${each}`}`} aria-current=${each === tab ? "page" : undefined}>${each}</a>`)}
    </nav>
    <${Shown} run=${run} />
  </div>`;
}

/** @param {{run: any, changed: (run: any) => void}} props */
function Head({ run, changed }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [asked, setAsked] = useState("");
  const [why, setWhy] = useState(/** @type {any} */ (null));
  const ended = ["completed", "failed", "cancelled", "lost"].includes(run.state);
  useEffect(() => {
    if (run.state === "queued" || (ended && run.state !== "completed")) call(`/runs/${run.run_id}/why`).then(setWhy, () => setWhy(null));
    else setWhy(null);
  }, [run.state, run.cause]);
  const act = async (/** @type {string} */ path, /** @type {any} */ options = { json: {} }) => {
    setAsked("");
    try {
      const result = await call(`/runs/${run.run_id}${path}`, options);
      setError(null);
      if (result?.run_id) changed(result);
      return true;
    } catch (fault) {
      setError(fault);
      return false;
    }
  };
  const left = run.target_steps && run.steps_per_second && !ended ? (run.target_steps - run.steps) / run.steps_per_second : null;
  const again = `/launch/${encodeURIComponent(run.workers[0]?.worker_type ?? "")}?as=${run.run_id}`;
  return html`<section aria-label="Run">
    <div class="bar">
      <h1 style=${{ margin: 0 }}><bdi>${run.run_name}</bdi></h1>
      ${may("run") && html`<button type="button" class="quiet star" aria-pressed=${run.starred} title=${run.starred ? "Take the star away" : "Mark with a star"}
        onClick=${() => act("", { method: "PATCH", json: { starred: !run.starred } })}>${run.starred ? "★" : "☆"}</button>`}
      <${State} state=${run.state} />
      ${run.target_steps && !ended ? html`<progress value=${run.steps} max=${run.target_steps} aria-label="progress"></progress>` : null}
      <span class="muted">${count(run.steps)}${run.target_steps ? ` of ${count(run.target_steps)}` : ""} steps
        ${run.steps_per_second ? ` · ${short(run.steps_per_second)} steps/s` : ""}${left ? ` · about ${duration(left)} left` : ""}</span>
      <span class="grow"></span>
      ${may("run") && !ended && html`<button type="button" onClick=${() => act("/cancel")}>Cancel</button>`}
      ${may("run") && run.state === "running" && html`<button type="button" onClick=${() => act("/pause")}>Pause</button>`}
      ${may("run") && run.state === "paused" && html`<button type="button" onClick=${() => act("/unpause", { method: "POST" })}>Continue</button>`}
      ${may("run") && run.workers[0] && html`<a class="button" href=${again}>Run again …</a><a class="button" href=${`${again}&seed=new`}>… with another seed</a>`}
      ${may("admin") && ended && html`<button type="button" class="danger" onClick=${() => setAsked("delete")}>Delete …</button>`}
      ${asked && html`<span>This run and its files:</span><button type="button" class="danger"
        onClick=${async () => { if (await act("", { method: "DELETE" })) go("/"); }}>Delete them for good</button>
        <button type="button" onClick=${() => setAsked("")}>No</button>`}
    </div>
    ${run.state !== "completed" && run.cause && html`<p class=${run.state === "failed" || run.state === "lost" ? "red" : "muted"}><bdi>${run.cause}</bdi>
      ${run.state === "failed" && html` · <a href=${`/runs/${run.run_id}?tab=logs`}>see why</a>`}</p>`}
    ${why?.waits_for?.length > 0 && html`<ul>${why.waits_for.map((/** @type {any} */ each) => html`<li>${each.sentence}</li>`)}</ul>`}
    <${Tags} run=${run} act=${act} />
    <p class="muted" style=${{ margin: "4px 0" }}>submitted ${moment(run.created_at)}${run.started_at ? ` · started ${moment(run.started_at)}` : ""}${run.ended_at ? ` · ended ${moment(run.ended_at)}` : ""}
      ${run.started_at ? ` · took ${duration((run.ended_at ?? Date.now() / 1000) - run.started_at)}` : ""} · <code>${run.run_id}</code></p>
    <${ErrorBox} error=${error} />
    <${More} run=${run} act=${act} />
  </section>`;
}

/** @param {{run: any, act: (path: string, options: any) => Promise<boolean>}} props */
function Tags({ run, act }) {
  const [tag, setTag] = useState("");
  const write = (/** @type {any} */ json) => act("", { method: "PATCH", json });
  return html`<div class="bar" style=${{ margin: "4px 0" }}>
    ${run.tags.map((/** @type {string} */ each) => html`<span class="tag"><bdi>${each}</bdi>${may("run") && html` <button type="button" class="quiet" aria-label=${`Remove the tag ${each}`} style=${{ minHeight: "0", padding: "0 2px" }}
      onClick=${() => write({ remove_tags: [each] })}>×</button>`}</span>`)}
    ${may("run") && html`<form onSubmit=${async (/** @type {Event} */ event) => { event.preventDefault(); if (tag && (await write({ add_tags: [tag] }))) setTag(""); }}>
      <input aria-label="Add a tag" placeholder="add a tag" size="12" value=${tag} onInput=${(/** @type {any} */ event) => setTag(event.target.value)} /></form>`}
    ${run.parent_run_id && html`<a href=${`/runs/${run.parent_run_id}`}>${run.eval_episodes > 0 && run.episodes === 0 ? "evaluates" : "continues"} another run</a>`}
  </div>`;
}

