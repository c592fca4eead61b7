// The run's episodes as a table; one of them is shown step by step.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { address, call } from "../api.js";
import { count, decimal, moment, number } from "../format.js";
import { change, changed, parameters } from "../url.js";
import { Replay } from "./replay.js";

const PAGE = 50;
/** @type {[string, string, string][]} */
const COLUMNS = [["episode", "index", "right"], ["phase", "", ""], ["worker", "", ""], ["agent", "", ""], ["return", "return", "right"], ["steps", "steps", "right"], ["ended by", "", ""], ["at", "time", "right"]];

/** @param {{run: any}} props */
export function Episodes({ run }) {
  const sort = parameters.value.get("esort") ?? "-id";
  const phase = parameters.value.get("phase") ?? "";
  const offset = Number(parameters.value.get("offset")) || 0;
  const open = parameters.value.get("episode");
  if (open && /^[0-9]{1,19}$/.test(open)) return html`<${Replay} key=${open} run=${run} id=${open} />`;
  return html`<${Table} run=${run} sort=${sort} phase=${phase} offset=${offset} />`;
}

/** @param {{run: any, sort: string, phase: string, offset: number}} props */
function Table({ run, sort, phase, offset }) {
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
    ${page.total === 0 ? html`<p class="empty">No episodes${phase ? " of this kind" : " have ended yet"}.</p>` : html`<div class="scroll"><table>
      <thead><tr>${COLUMNS.map(([title, field, style]) => html`<th class=${style}>${header(title, field)}</th>`)}<th></th></tr></thead>
      <tbody>${page.episodes.map((/** @type {any} */ each) => html`<tr key=${each.id} >
        <td class="right">${count(each.ep_index)}</td><td>${each.phase}</td><td><code>${each.worker_id}</code></td><td><bdi>${each.agent_id ?? ""}</bdi></td>
        <td class="right">${each.non_finite?.total_reward ?? decimal(number(each.total_reward))}</td><td class="right">${count(each.steps)}</td>
        <td>${["terminated", "truncated", "success"].filter((name) => each[name]).join(", ")}</td><td class="right">${moment(each.timestamp)}</td>
        <td><a href=${changed({ episode: each.id, step: null })}>replay</a></td></tr>`)}</tbody>
    </table></div>
    <div class="bar"><button type="button" disabled=${offset === 0} onClick=${() => change({ offset: offset > PAGE ? String(offset - PAGE) : null })}>Back</button>
      <button type="button" disabled=${offset + PAGE >= page.total} onClick=${() => change({ offset: String(offset + PAGE) })}>Further</button></div>`}
  </div>`;
}
