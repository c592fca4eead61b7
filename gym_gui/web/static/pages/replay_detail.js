// What was done in a step and what came of it, and the steps around it.
import { html, useMemo } from "../ui/html.js";
import { Scroll } from "../ui/scroll.js";
import { Value, figure } from "../ui/value.js";
import { count } from "../format.js";

/** Steps of the list before and after the shown one. */
const AROUND = 8;

/** @param {{steps: import("./replay_steps.js").Step[], place: number, loading: boolean, go: (place: number) => void}} props */
export function Detail({ steps, place, loading, go }) {
  const most = useMemo(() => largest(steps), [steps]);
  if (!steps.length) return html`<div class="pane"><p class="muted">${loading ? "reading its steps …" : "This run has stored no steps of this episode."}</p></div>`;
  const step = place > 0 ? steps[place - 1] : null;
  if (place > steps.length) return html`<div class="pane"><p class="muted">reading its steps …</p></div>`;
  return html`<div>
    <div class="pane">
      ${step ? html`<${Shown} step=${step} place=${place} most=${most} />` : html`<h3>before the first step</h3>${steps[0].start !== undefined
        ? html`<${Observation} value=${steps[0].start} most=${most} />` : html`<p class="muted">The environment was reset.</p>`}`}
    </div>
    <${Scroll} label="Steps around this one"><table><thead><tr><th class="right">step</th><th>action</th><th class="right">reward</th><th class="right">return</th><th></th></tr></thead>
      <tbody>${around(steps, place).map((at) => html`<tr key=${at} class=${at === place ? "selected" : ""} aria-current=${at === place ? "step" : undefined}>
        <td class="right"><button type="button" class="quiet" onClick=${() => go(at)}>${count(at)}</button></td><td><code>${brief(steps[at - 1])}</code></td>
        <td class="right">${figure(steps[at - 1].reward)}</td><td class="right">${figure(steps[at - 1].total)}</td><td>${ends(steps[at - 1])}</td></tr>`)}</tbody></table><//>
  </div>`;
}

/** @param {{step: import("./replay_steps.js").Step, place: number, most: number}} props */
function Shown({ step, place, most }) {
  const one = step.rows.length === 1 ? step.rows[0] : null;
  return html`<h3>step ${count(place)} <span class="muted">number ${count(step.index)} of the run</span> ${ends(step) && html`<span class="accent">${ends(step)}</span>`}</h3>
    <dl class="facts">
      ${one && one.agent && html`<dt>agent</dt><dd><bdi>${one.agent}</bdi></dd>`}
      ${one && html`<dt>action</dt><dd><${Value} value=${one.action} /></dd>`}
      <dt>reward</dt><dd>${one && one.reward === null ? "-" : figure(step.reward)}</dd>
      <dt>return so far</dt><dd>${figure(step.total)}${one && one.agent && ` · ${figure(one.total)} of this agent`}</dd>
    </dl>
    ${one ? one.observation !== undefined && html`<${Observation} value=${one.observation} most=${most} />`
      : html`<${Scroll} label="Agents"><table><thead><tr><th>agent</th><th>action</th><th class="right">reward</th><th class="right">return</th><th>observation</th></tr></thead>
        <tbody>${step.rows.map((row) => html`<tr key=${row.agent}><td><bdi>${row.agent}</bdi></td><td><${Value} value=${row.action} /></td><td class="right">${figure(row.reward)}</td>
          <td class="right">${figure(row.total)}</td><td>${row.observation === undefined ? "-" : html`<details><summary>show</summary><${Value} value=${row.observation} /></details>`}</td></tr>`)}</tbody></table><//>`}`;
}

/** @param {{value: any, most: number}} props */
const Observation = ({ value, most }) => html`<h3 class="muted" style=${{ marginTop: "8px" }}>observation</h3><${Scroll} label="Observation" name="observation"><${Value} value=${value} most=${most} /><//>`;

/** The largest number of all observations that are vectors: their bars keep one scale.
 * @param {import("./replay_steps.js").Step[]} steps */
function largest(steps) {
  let most = 0;
  for (const step of steps) {
    for (const { observation } of step.rows) {
      if (!Array.isArray(observation) || observation.length > 64) continue;
      for (const each of observation) if (typeof each === "number" && Number.isFinite(each)) most = Math.max(most, Math.abs(each));
    }
  }
  return most;
}

/** @param {import("./replay_steps.js").Step[]} steps @param {number} place */
function around(steps, place) {
  const first = Math.max(1, Math.min(place - AROUND, steps.length - 2 * AROUND));
  return Array.from({ length: Math.min(2 * AROUND + 1, steps.length) }, (_, offset) => first + offset).filter((at) => at <= steps.length);
}

/** @param {import("./replay_steps.js").Step} step */
function brief(step) {
  const text = step.rows.map((row) => `${row.agent ? `${row.agent}: ` : ""}${row.action === undefined ? "-" : JSON.stringify(row.action, rounded)}`).join(", ");
  return text.length > 60 ? `${text.slice(0, 60)} …` : text;
}

/** @param {string} _ @param {any} value */
const rounded = (_, value) => (typeof value === "number" && !Number.isInteger(value) ? Number(value.toPrecision(2)) : value);

/** @param {import("./replay_steps.js").Step} step */
const ends = (step) => [...new Set(step.rows.map((row) => row.ends).filter(Boolean))].join(", ");
