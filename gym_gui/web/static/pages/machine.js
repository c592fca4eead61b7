// One machine: how far it is, what its program logs, what it has, what its windows show.
import { classes, html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { State } from "../ui/state.js";
import { call } from "../api.js";
import { ago, count, duration, moment, size } from "../format.js";
import { subscribe } from "../live.js";
import { follow } from "../url.js";
import { useLatest } from "../latest.js";
import { Logs } from "./run_logs.js";
import { Health } from "./machine_health.js";
import { Bar, percent } from "./study_parts.js";
import { shareOf, standing } from "./machine_parts.js";

/** Milliseconds between two looks at the machine, and at its pictures. */
const EVERY = 3000;

/** @param {{name: string}} props */
export default function Machine({ name }) {
  const id = decodeURIComponent(name);
  const { found, error, look } = useLatest(`/fleet?machine_id=${encodeURIComponent(id)}`);
  const [run, setRun] = useState(/** @type {any} */ (null));
  const [fault, setFault] = useState(/** @type {any} */ (null));
  const [turn, setTurn] = useState(0);
  const machine = found?.machines.find((/** @type {any} */ each) => each.machine_id === id);
  const runId = machine?.run_ids[0] ?? machine?.load.run_id ?? "";
  useEffect(() => { document.title = `${id} · MOSAIC`; }, [id]);
  useEffect(() => {
    const timer = setInterval(() => { if (!document.hidden) { look(); setTurn((before) => before + 1); } }, EVERY);
    return () => clearInterval(timer);
  }, []);
  useEffect(() => {
    setRun(null);
    if (!runId) return undefined;
    call(`/runs/${runId}`).then(setRun, setFault);
    return subscribe({ runs: runId }, { run: setRun });
  }, [runId]);
  if (!found) return error ? html`<${ErrorBox} error=${error} retry=${look} />` : html`<p class="muted">loading …</p>`;
  if (!machine) return html`<div onClick=${follow}><p class="empty">There is no machine <bdi>${id}</bdi>. <a href="/machines">All machines</a></p></div>`;
  const state = standing(machine);
  return html`<div class="machine" onClick=${follow}>
    <div class="bar"><h1 style=${{ margin: 0 }}><bdi>${id}</bdi></h1>
      <span class=${classes(state.colour)}>${state.glyph} ${state.name}</span>
      <span class="muted">last heard of ${machine.seen_at ? ago(machine.seen_at) : "never"}</span></div>
    ${machine.load.note && html`<p class="amber wrap">${machine.load.note}: what they send is about what was claimed last.</p>`}
    <${ErrorBox} error=${error ?? fault} />
    <div class="columns">
      ${run ? html`<${Work} run=${run} load=${machine.load} />` : html`<p class="muted">${runId ? "loading …" : "It has no run."}</p>`}
      <${Facts} machine=${machine} />
    </div>
    <${Health} id=${id} history=${machine.load.history} />
    <${Pictures} id=${id} names=${machine.load.pictures ?? []} turn=${turn} />
    ${run && html`<section aria-label="Log"><h2>Log</h2><${Logs} key=${run.run_id} run=${run} /></section>`}
  </div>`;
}

/** @param {{run: any, load: any}} props */
function Work({ run, load }) {
  const ended = run.ended_at ?? Date.now() / 1000;
  const stage = load.stage;
  return html`<dl class="facts" aria-label="Work">
    <dt>run</dt><dd><a href=${`/runs/${run.run_id}`}><bdi>${run.run_name}</bdi></a> <${State} state=${run.state} cause=${run.cause} />${run.group && html` <a href=${`/studies/${run.group}`}>study</a>`}</dd>
    <dt>overall</dt><dd>${percent(shareOf(run))} <${Bar} share=${shareOf(run)} label="Overall progress" /></dd>
    ${stage && html`<dt>stage</dt><dd><bdi>${stage.name}</bdi> ${percent(stage.percent / 100)} <${Bar} share=${stage.percent / 100} label="Progress of the stage" /></dd>`}
    <dt>elapsed</dt><dd>${run.started_at ? duration(ended - run.started_at) : "-"}</dd>
    <dt>remaining</dt><dd>${load.eta_seconds === undefined || run.ended_at ? "-" : duration(load.eta_seconds)}</dd>
    <dt>attempt</dt><dd>${run.attempts}</dd>
    ${load.warnings !== undefined && html`<dt>warnings</dt><dd>${count(load.warnings)}</dd><dt>errors</dt><dd>${count(load.errors)}</dd>`}
  </dl>`;
}

/** @param {{machine: any}} props */
function Facts({ machine }) {
  const facts = machine.facts;
  return html`<dl class="facts" aria-label="Machine">
    <dt>host</dt><dd><bdi>${facts.hostname || "-"}</bdi></dd>
    <dt>system</dt><dd><bdi>${facts.platform || "-"}</bdi></dd>
    <dt>cores</dt><dd>${count(facts.cpus)}</dd>
    <dt>memory</dt><dd>${facts.memory_mb ? size(facts.memory_mb * 2 ** 20) : "-"}</dd>
    <dt>GPU</dt><dd><bdi>${facts.gpu_name || "-"}</bdi></dd>
    <dt>since</dt><dd>${moment(machine.enrolled_at)} by <bdi>${machine.by || "-"}</bdi></dd>
  </dl>`;
}

/** The latest pictures of the machine's windows. @param {{id: string, names: string[], turn: number}} props */
function Pictures({ id, names, turn }) {
  if (names.length === 0) return null;
  const address = (/** @type {string} */ name) => `/api/gui-screenshots/${encodeURIComponent(id)}/${name.split("/").map(encodeURIComponent).join("/")}`;
  return html`<section aria-label="Windows"><h2>Windows</h2><div class="pictures">
    ${names.map((name) => html`<figure key=${name}><a href=${address(name)} target="_blank"><img src=${`${address(name)}?turn=${turn}`} alt=${`Window ${name}`} /></a><figcaption><bdi>${name.replaceAll("_", " ")}</bdi></figcaption></figure>`)}
  </div></section>`;
}
