// Parts of the status page: what runs on each machine, what the checks of the machine found, who has a token.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { JobPanel } from "../ui/job.js";
import { MachineBar, useMachines } from "../ui/machine_bar.js";
import { State } from "../ui/state.js";
import { call } from "../api.js";
import { ago, count, duration, size } from "../format.js";
import { jobs, start } from "../jobs.js";
import { may } from "../session.js";

export function Machines() {
  const { report, error } = useMachines();
  if (!report) return error ? null : html`<p class="muted">…</p>`; // the daemon's part says what is wrong
  return html`<section class="pane" aria-label="Machines">
    <h2>${report.machines.length > 1 ? "Machines" : "Machine"}</h2>
    <${MachineBar} report=${report} />
    ${report.machines.map((/** @type {any} */ machine) => html`<${Machine} key=${machine.name} machine=${machine} several=${report.machines.length > 1} />`)}
  </section>`;
}

/** @param {{machine: any, several: boolean}} props */
function Machine({ machine, several }) {
  const parts = [
    machine.cpus !== null && `${machine.cpus_allocated} of ${machine.cpus} cores`,
    machine.memory_mb !== null && `${size(machine.memory_mb_allocated * 2 ** 20)} of ${size(machine.memory_mb * 2 ** 20)} memory`,
    machine.gpus.length > 0 && `${machine.gpus_taken.length} of ${machine.gpus.length} GPUs`,
  ].filter(Boolean);
  return html`<div>
    ${several && html`<h3>${machine.name || "this machine"} <span class="muted">${machine.slots_taken} of ${machine.slots} slots</span></h3>`}
    <p>${parts.length > 0 && html`Allocated to runs: ${parts.join(", ")}. `}${machine.no_gpus && html`<span class="muted">${capital(machine.no_gpus)}.</span>`}</p>
    ${machine.runs.length === 0 ? html`<p class="muted">No run is under way.</p>` : html`<div class="scroll"><table class="stack">
      <thead><tr><th>run</th><th>state</th><th>submitter</th><th class="right">cores</th><th class="right">memory asked for</th><th class="right">memory used</th><th class="right">CPU time</th><th>GPUs</th></tr></thead>
      <tbody>${machine.runs.map((/** @type {any} */ run) => html`<tr key=${run.run_id}>
        <td><a href=${`/runs/${run.run_id}`}><bdi>${run.run_name}</bdi></a></td><td><${State} state=${run.state} /></td><td data-label="submitter"><bdi>${run.submitter}</bdi></td>
        <td class="right" data-label="cores">${run.cpus ? count(run.cpus) : "shared"}</td><td class="right" data-label="memory asked for">${run.memory_mb ? size(run.memory_mb * 2 ** 20) : "shared"}</td>
        <td class="right" data-label="memory used">${size(run.memory_bytes)}</td><td class="right" data-label="CPU time">${duration(run.cpu_seconds)}</td><td data-label="GPUs">${run.gpus.join(", ") || "-"}</td></tr>`)}</tbody></table></div>`}
  </div>`;
}

/** What the last check of the daemon's machine found. */
export function Doctor() {
  const [error, setError] = useState(/** @type {any} */ (null));
  const all = Object.values(jobs.value).filter((job) => job.kind === "doctor").sort((left, right) => (left.job_id < right.job_id ? 1 : -1));
  const running = all[0]?.state === "running";
  const last = all.find((job) => job.state === "completed");
  const look = () => { setError(null); start("doctor", "").catch(setError); };
  return html`<section class="pane" aria-label="Checks">
    <div class="bar"><h2>Checks of the daemon's machine</h2>${last && html`<span class="muted">${ago(last.ended_at)}</span>`}<span class="push"></span>
      ${may("run") && html`<button type="button" disabled=${running} onClick=${look}>${running ? "Checking …" : last ? "Check again" : "Check now"}</button>`}</div>
    <${ErrorBox} error=${error} />
    ${all[0] && all[0].state !== "completed" && html`<${JobPanel} job=${all[0]} />`}
    ${last && html`<p>${last.result.ok ? html`<strong class="green">✓ nothing is broken</strong>` : html`<strong class="red">✗ something is broken</strong>`}</p>
      ${last.result.findings.map((/** @type {any} */ finding) => html`<${Finding} key=${finding.name + finding.detail} finding=${finding} />`)}`}
    ${!last && !running && html`<p class="muted">Not checked yet: Python, libraries, disk, daemon, GPUs, workers. The same as <code>mosaic doctor</code>.</p>`}
  </section>`;
}

/** @type {Record<string, string>} */
const LOOKS = { ok: "green", doubtful: "amber", broken: "red" };
/** @type {Record<string, string>} */
const GLYPHS = { ok: "✓", doubtful: "!", broken: "✗" };

/** @param {{finding: any}} props */
function Finding({ finding }) {
  return html`<div class="finding"><span class=${LOOKS[finding.verdict]}><span aria-hidden="true">${GLYPHS[finding.verdict]}</span> ${finding.verdict}</span>
    <div><strong>${finding.name}</strong> <span class="wrap">${finding.detail}</span>${finding.next_step && html`<div>next: <code>${finding.next_step}</code></div>`}</div></div>`;
}

/** Names and roles of the dashboard's tokens. */
export function Tokens() {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => { if (may("admin")) call("/tokens").then(setFound, setError); }, []);
  if (!may("admin")) return null;
  return html`<section class="pane" aria-label="Tokens"><h2>Tokens</h2>
    <${ErrorBox} error=${error} />
    ${found && html`<dl class="facts">${found.tokens.map((/** @type {any} */ token) => html`<dt><bdi>${token.name}</bdi></dt><dd>${token.role}</dd>`)}</dl>`}
    <p class="muted">Add one: <code>mosaic web tokens add NAME --role read|run|admin</code>; it counts from the next start of <code>mosaic web</code>.</p>
  </section>`;
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
