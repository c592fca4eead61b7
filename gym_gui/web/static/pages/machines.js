// The machines that carry out runs elsewhere: which are there, what each does, and how far it is.
import { classes, html, useEffect } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { ago, count, duration } from "../format.js";
import { subscribe } from "../live.js";
import { follow } from "../url.js";
import { useLatest } from "../latest.js";
import { Bar, percent } from "./study_parts.js";
import { shareOf, standing } from "./machine_parts.js";

/** Milliseconds between two looks: of a machine that has no run no event comes. */
const EVERY = 5000;
/** Runs that are carried out elsewhere. */
const QUERY = "executor!=local";

export default function Machines() {
  const { found, error, look } = useLatest("/fleet");
  const { found: runs, look: lookAtRuns } = useLatest(`/runs?q=${encodeURIComponent(QUERY)}&limit=1000`);
  useEffect(() => subscribe({ list: true, q: QUERY, limit: 1000 }, { list: () => { look(); lookAtRuns(); } }), []);
  useEffect(() => {
    const timer = setInterval(() => document.hidden || look(), EVERY);
    return () => clearInterval(timer);
  }, []);
  const machines = found?.machines ?? [];
  return html`<div onClick=${follow}>
    <h1>Machines</h1>
    <${ErrorBox} error=${error} retry=${look} />
    ${!found && !error && html`<p class="muted">loading …</p>`}
    ${found && machines.length === 0 && html`<p class="empty">No machines yet. One that carries out runs: <code>mosaic agent --server ${location.origin} --token TOKEN</code></p>`}
    ${machines.length > 0 && html`<${Tiles} machines=${machines} runs=${runs?.runs ?? []} />
    <div class="scroll"><table class="stack" aria-label="Machines">
      <thead><tr><th>machine</th><th>host</th><th>state</th><th>run</th><th>progress</th><th class="right">time remaining</th><th class="right">warnings</th><th class="right">errors</th><th class="right">last heard of</th></tr></thead>
      <tbody>${machines.map((/** @type {any} */ machine) => html`<${Row} key=${machine.machine_id} machine=${machine} runs=${runs?.runs ?? []} />`)}</tbody>
    </table></div>`}
  </div>`;
}

/** @param {{machines: any[], runs: any[]}} props */
function Tiles({ machines, runs }) {
  const sum = (/** @type {string} */ name) => machines.reduce((total, machine) => total + (machine.load[name] ?? 0), 0);
  const today = new Date().setHours(0, 0, 0, 0) / 1000;
  const done = runs.filter((run) => run.state === "completed" && run.ended >= today).length;
  const going = runs.filter((run) => ["running", "starting", "paused"].includes(run.state)).length;
  const whole = runs.length ? runs.reduce((total, run) => total + shareOf(run), 0) / runs.length : 0;
  return html`<dl class="tiles" aria-label="All machines">
    <div class="tile"><dt>machines</dt><dd>${machines.length}</dd></div>
    <div class="tile"><dt>online</dt><dd>${machines.filter((machine) => machine.online).length}</dd></div>
    <div class="tile"><dt>running</dt><dd>${going}</dd></div>
    <div class="tile"><dt>completed today</dt><dd>${done}</dd></div>
    <div class="tile"><dt>warnings</dt><dd>${count(sum("warnings"))}</dd></div>
    <div class="tile"><dt>errors</dt><dd>${count(sum("errors"))}</dd></div>
    <div class="tile grow"><dt>progress of all runs</dt><dd>${percent(whole)} <${Bar} share=${whole} label="Progress of all runs" /></dd></div>
  </dl>`;
}

/** @param {{machine: any, runs: any[]}} props */
function Row({ machine, runs }) {
  const state = standing(machine);
  const run = runs.find((each) => each.id === machine.run_ids[0]);
  const load = machine.load;
  return html`<tr>
    <td><a href=${`/machines/${encodeURIComponent(machine.machine_id)}`}><bdi>${machine.machine_id}</bdi></a>${load.note && html`<div class="amber wrap">${load.note}</div>`}</td>
    <td data-label="host"><bdi>${machine.facts.hostname || "-"}</bdi></td>
    <td data-label="state"><span class=${classes(state.colour)}>${state.glyph} ${state.name}</span></td>
    <td data-label="run">${run ? html`<a href=${`/runs/${run.id}`}><bdi>${run.name}</bdi></a>` : "-"}</td>
    <td data-label="progress">${run ? html`<span>${percent(shareOf(run))} <${Bar} share=${shareOf(run)} label=${`Progress of ${machine.machine_id}`} /></span>` : "-"}</td>
    <td class="right" data-label="time remaining">${run && load.eta_seconds !== undefined ? duration(load.eta_seconds) : "-"}</td>
    <td class="right" data-label="warnings">${load.warnings === undefined ? "-" : count(load.warnings)}</td>
    <td class="right" data-label="errors">${load.errors === undefined ? "-" : count(load.errors)}</td>
    <td class="right" data-label="last heard of">${machine.seen_at ? ago(machine.seen_at) : "-"}</td></tr>`;
}
