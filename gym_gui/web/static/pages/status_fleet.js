// The machines that carry out runs, by an agent or as nodes of a Ray cluster, and how to enrol one.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { call } from "../api.js";
import { ago, count, size } from "../format.js";
import { may } from "../session.js";

/** Milliseconds between two looks. */
const EVERY = 3000;

export function Fleet() {
  const [machines, setMachines] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    const look = () => document.hidden || call("/fleet", { signal: stop.signal }).then(
      (answer) => { setMachines(answer.machines); setError(null); },
      (fault) => { if (!stop.signal.aborted) setError(fault); },
    );
    look();
    const timer = setInterval(look, EVERY);
    return () => { stop.abort(); clearInterval(timer); };
  }, [turn]);
  const remove = (/** @type {string} */ id) => {
    if (confirm(`Forget machine ${id}? Its agent ends what it has, and its token is refused.`))
      call(`/fleet/${encodeURIComponent(id)}`, { method: "DELETE" }).then(() => setTurn(turn + 1), setError);
  };
  if (!machines) return null; // the daemon's part says what is wrong
  return html`<section class="pane" aria-label="Machines of executors"><h2>Machines of executors</h2>
    <${ErrorBox} error=${error} />
    ${machines.length > 0 && html`<div class="scroll"><table class="stack">
      <thead><tr><th>machine</th><th>executor</th><th>state</th><th>last heard of</th><th>runs</th><th class="right">slots</th><th class="right">cores</th><th class="right">CPU</th><th class="right">memory used</th><th>GPUs</th><th>system</th><th></th></tr></thead>
      <tbody>${machines.map((machine) => html`<${Machine} key=${machine.machine_id} machine=${machine} remove=${remove} />`)}</tbody></table></div>`}
    <p class="muted">${machines.some((machine) => machine.executor === "agent") ? "Add one with an agent" : "None with an agent is enrolled. They carry out runs whose executor is agent; on a machine, run"}: <code>mosaic agent --server ${location.origin} --token TOKEN</code>,
      with a token of <code>mosaic web tokens add NAME --role run</code>. On a machine without MOSAIC download <a href="/worker_agent.py" download>worker_agent.py</a> and
      run <code>python worker_agent.py --server ${location.origin} --token TOKEN</code>.</p>
  </section>`;
}

/** @param {{machine: any, remove: (id: string) => void}} props */
function Machine({ machine, remove }) {
  const facts = machine.facts;
  const state = machine.online ? (machine.draining ? "draining" : "online") : "silent";
  const used = machine.load.memory_used_mb;
  return html`<tr>
    <td><a href=${`/machines/${encodeURIComponent(machine.machine_id)}`}><bdi>${machine.machine_id}</bdi></a>${machine.load.note && html`<div class="amber wrap">${machine.load.note}</div>`}</td>
    <td data-label="executor">${machine.executor}</td>
    <td data-label="state" class=${state === "online" ? "green" : state === "silent" ? "red" : "amber"}>${state === "online" ? "✓" : state === "silent" ? "✗" : "…"} ${state}</td>
    <td data-label="last heard of">${machine.seen_at ? ago(machine.seen_at) : "-"}</td>
    <td data-label="runs">${machine.run_ids.map((/** @type {string} */ id) => html`<a key=${id} href=${`/runs/${id}`}>${id.slice(-6)}</a> `)}${machine.run_ids.length === 0 && "-"}</td>
    <td class="right" data-label="slots">${count(facts.slots)}</td><td class="right" data-label="cores">${count(facts.cpus)}</td>
    <td class="right" data-label="CPU">${percent(machine.load.cpu_percent)}</td>
    <td class="right" data-label="memory used">${used ? `${size(used * 2 ** 20)} of ` : ""}${facts.memory_mb ? size(facts.memory_mb * 2 ** 20) : "-"}</td>
    <td data-label="GPUs">${gpus(machine)}</td><td data-label="system"><bdi>${facts.platform}</bdi></td>
    <td class="right">${may("admin") && machine.executor !== "ray" && html`<button type="button" aria-label=${`Forget ${machine.machine_id}`} onClick=${() => remove(machine.machine_id)}>Forget</button>`}</td></tr>`;
}

/** How busy something is. @param {number | undefined} value */
function percent(value) {
  return value === undefined ? "-" : `${Math.round(value)} %`;
}

/** The GPUs of a machine, and how busy each is. @param {any} machine */
function gpus({ facts, load }) {
  const named = facts.gpus.length ? `${facts.gpus.length} x ${facts.gpu_name}` : facts.gpu_name || "-";
  const busy = (load.gpus ?? []).map((/** @type {any} */ gpu) => percent(gpu.percent)).join(", ");
  return named + (busy && `: ${busy}`);
}
