// Learning curve, key figures, workers, and where every printed line went.
import { html, useMemo } from "../ui/html.js";
import { Chart } from "../ui/chart.js";
import { Scroll } from "../ui/scroll.js";
import { State } from "../ui/state.js";
import { count, decimal, duration, number, short, size } from "../format.js";
import { seriesLook } from "../session.js";
import { Children } from "./run_children.js";
import { Frames } from "./run_frames.js";
import { finite } from "./runs_chart.js";

/** @param {{run: any}} props */
export function Overview({ run }) {
  const lines = useMemo(() => run.workers.map((/** @type {any} */ worker, /** @type {number} */ index) => lineOf(worker, run.sequence + index, run.workers.length > 1)), [run.workers]);
  const drawn = lines.filter((/** @type {any} */ line) => line.x.length > 0);
  const ledger = run.ledger;
  const evaluates = run.eval_episodes > 0 && run.episodes === 0;
  return html`<div>
    <div class="beside">
      <div>${drawn.length ? html`<${Chart} lines=${drawn} xLabel="environment steps" yLabel="return" />`
        : html`<p class="muted">${evaluates ? "This run evaluates: nothing was trained, and its episodes are under episodes." : run.state === "queued" ? "It has not started." : run.ended_at ? "It trained no episode to its end." : "No training episode has ended yet."}</p>`}</div>
      <${Frames} run=${run} />
    </div>
    <div class="columns">
      <dl class="facts">
        ${!evaluates && html`<dt>return</dt><dd>${decimal(number(run.mean_return_100))} <span class="muted">mean of the last ${count(run.recent_episodes)} training episodes</span></dd>
        <dt>best</dt><dd>${decimal(number(run.best_return))} <span class="muted">mean of 20 consecutive episodes or more</span></dd>`}
        ${run.evaluation && html`<dt>evaluation</dt><dd>${decimal(number(run.evaluation.mean))} ± ${decimal(number(run.evaluation.std))} <span class="muted">${count(run.evaluation.episodes)} episodes</span></dd>`}
        <dt>episodes</dt><dd>${count(run.episodes)}${run.eval_episodes ? ` training, ${count(run.eval_episodes)} evaluation` : ""}</dd>
        ${run.nan_episodes + run.eval_nan_episodes > 0 && html`<dt class="flag">not finite</dt><dd>${count(run.nan_episodes + run.eval_nan_episodes)} episodes have returns that are NaN or infinite</dd>`}
        <dt>seed</dt><dd>${run.seed ?? "-"}</dd>
        <dt>executor</dt><dd>${run.executor}</dd>
        ${run.notes && html`<dt>notes</dt><dd style=${{ whiteSpace: "pre-wrap" }}><bdi>${run.notes}</bdi></dd>`}
      </dl>
      <dl class="facts">
        <dt>lines</dt><dd>${count(ledger.lines)} printed by the workers:</dd>
        <dt></dt><dd>${count(ledger.stored)} stored, ${count(ledger.log)} program output, ${count(ledger.quarantined)} quarantined</dd>
        <dt></dt><dd>${ledger.lines === ledger.stored + ledger.log + ledger.quarantined ? "every line is accounted for" : html`<span class="flag">the ledger does not balance</span>`}</dd>
        ${ledger.dropped > 0 && html`<dt class="flag">dropped</dt><dd>${count(ledger.dropped)} events could not be written</dd>`}
        ${run.lag_bytes > 0 && html`<dt>behind</dt><dd>${size(run.lag_bytes)} not read yet</dd>`}
      </dl>
    </div>
    <${Children} key=${run.run_id} id=${run.run_id} />
    <h2 style=${{ marginTop: "16px" }}>Workers</h2>
    <${Scroll} label="Workers"><table>
      <thead><tr><th>worker</th><th>type</th><th>state</th><th class="right">steps</th><th class="right">steps/s</th><th class="right">episodes</th><th class="right">return</th><th class="right">CPU</th><th class="right">memory</th><th class="right">attempt</th><th>exit</th></tr></thead>
      <tbody>${run.workers.map((/** @type {any} */ worker) => html`<tr key=${worker.worker_id}>
        <td><code>${worker.worker_id}</code></td><td>${worker.worker_type} ${worker.algorithm} ${worker.env_id}</td>
        <td><${State} state=${worker.state} cause=${worker.cause} /> ${worker.phase && html`<span class="muted">${worker.phase}</span>`}</td>
        <td class="right">${short(worker.steps)}</td><td class="right">${short(number(worker.steps_per_second))}</td>
        <td class="right">${count(worker.episodes)}</td><td class="right">${decimal(number(worker.mean_return_100))}</td>
        <td class="right">${duration(worker.cpu_seconds)}</td><td class="right">${size(worker.memory_bytes)}</td><td class="right">${worker.attempt}</td>
        <td>${worker.exit ? (worker.exit.signal !== null ? `signal ${worker.exit.signal}` : `code ${worker.exit.code}`) : "-"}</td></tr>`)}</tbody>
    </table><//>
  </div>`;
}

/** @param {any} worker @param {number} sequence @param {boolean} several */
function lineOf(worker, sequence, several) {
  const { colour } = seriesLook(sequence);
  // A point of the curve: step, episodes, mean, lowest and highest return.
  const column = (/** @type {number} */ at) => worker.curve.map((/** @type {any[]} */ point) => finite(point[at]));
  return {
    label: several ? worker.worker_id : "mean return", colour, width: 2,
    x: column(0), y: column(2), ...(several ? {} : { low: column(3), high: column(4) }),
  };
}
