// The run's episodes as a table, and the steps of one of them.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { Scroll } from "../ui/scroll.js";
import { address, call } from "../api.js";
import { count, decimal, moment, number } from "../format.js";
import { change, parameters } from "../url.js";

const PAGE = 50;
/** @type {[string, string, string][]} */
const COLUMNS = [["episode", "index", "right"], ["phase", "", ""], ["worker", "", ""], ["agent", "", ""], ["return", "return", "right"], ["steps", "steps", "right"], ["ended by", "", ""], ["at", "time", "right"]];

/** @param {{run: any}} props */
export function Episodes({ run }) {
  const sort = parameters.value.get("esort") ?? "-id";
  const phase = parameters.value.get("phase") ?? "";
  const offset = Number(parameters.value.get("offset")) || 0;
  const open = parameters.value.get("episode");
  const [page, setPage] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const live = sort === "-id" && offset === 0 ? run.episodes + run.eval_episodes : 0;
  useEffect(() => {
    const stop = new AbortController();
    call(address(`/runs/${run.run_id}/episodes`, { sort, phase, offset, limit: PAGE }), { signal: stop.signal }).then(
      (found) => { setPage(found); setError(null); }, (fault) => { if (!stop.signal.aborted) setError(fault); });
    return () => stop.abort();
  }, [run.run_id, sort, phase, offset, live]);
  if (error) return html`<${ErrorBox} error=${error} />`;
  if (!page) return null;
  const header = (/** @type {string} */ title, /** @type {string} */ field) => (field
    ? html`<button type="button" onClick=${() => change({ esort: sort === `-${field}` ? field : `-${field}`, offset: null })}>${title}${sort === field ? " ▲" : sort === `-${field}` ? " ▼" : ""}</button>` : title);
  return html`<div>
    <div class="bar"><select aria-label="Phase" value=${phase} onChange=${(/** @type {any} */ event) => change({ phase: event.target.value, offset: null })}>
      <option value="">training and evaluation</option><option value="train">training</option><option value="eval">evaluation</option></select>
      ${sort !== "-id" && html`<button type="button" onClick=${() => change({ esort: null })}>Last ones first</button>`}
      <span class="muted">${count(page.total)} episodes</span></div>
    ${open && html`<${Steps} run=${run} episode=${open} />`}
    ${page.total === 0 ? html`<p class="empty">No episodes${phase ? " of this kind" : " have ended yet"}.</p>` : html`<div class="scroll"><table>
      <thead><tr>${COLUMNS.map(([title, field, style]) => html`<th class=${style}>${header(title, field)}</th>`)}<th></th></tr></thead>
      <tbody>${page.episodes.map((/** @type {any} */ each) => html`<tr key=${each.id} class=${String(each.id) === open ? "selected" : ""}>
        <td class="right">${count(each.ep_index)}</td><td>${each.phase}</td><td><code>${each.worker_id}</code></td><td><bdi>${each.agent_id ?? ""}</bdi></td>
        <td class="right">${each.non_finite?.total_reward ?? decimal(number(each.total_reward))}</td><td class="right">${count(each.steps)}</td>
        <td>${["terminated", "truncated", "success"].filter((name) => each[name]).join(", ")}</td><td class="right">${moment(each.timestamp)}</td>
        <td><button type="button" class="quiet" onClick=${() => change({ episode: String(each.id) === open ? null : String(each.id) })}>steps</button></td></tr>`)}</tbody>
    </table></div>
    <div class="bar"><button type="button" disabled=${offset === 0} onClick=${() => change({ offset: offset > PAGE ? String(offset - PAGE) : null })}>Back</button>
      <button type="button" disabled=${offset + PAGE >= page.total} onClick=${() => change({ offset: String(offset + PAGE) })}>Further</button></div>`}
  </div>`;
}

/** @param {{run: any, episode: string}} props */
function Steps({ run, episode }) {
  const [steps, setSteps] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    call(`/runs/${run.run_id}/episodes/${episode}/steps?limit=500`).then((found) => { setSteps(found.steps); setError(null); }, setError);
  }, [episode]);
  if (error) return html`<${ErrorBox} error=${error} />`;
  if (!steps) return null;
  if (!steps.length) return html`<p class="muted">This run has stored no steps of that episode.</p>`;
  return html`<${Scroll} label="Steps" name="pane scroll" style=${{ maxHeight: "340px", overflow: "auto" }}><table>
    <thead><tr><th class="right">step</th><th>agent</th><th>action</th><th class="right">reward</th><th>observation</th></tr></thead>
    <tbody>${steps.map((step) => html`<tr key=${step.id}><td class="right">${count(step.step_index)}</td><td><bdi>${step.agent_id ?? ""}</bdi></td>
      <td><code>${step.action ?? "-"}</code></td><td class="right">${step.non_finite?.reward ?? decimal(number(step.reward), 3)}</td><td title=${step.observation}><code>${step.observation ?? "-"}</code></td></tr>`)}</tbody>
  </table>${steps.length === 500 && html`<p class="muted">the first 500 steps</p>`}<//>`;
}
