// The runs that continue, evaluate or repeat a run: an evaluation's result stands where it was asked for.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { State } from "../ui/state.js";
import { address, call } from "../api.js";
import { ago, decimal, number, short } from "../format.js";
import { useRefresh } from "../refresh.js";

const MOST = 10;

/** @param {{id: string}} props */
export function Children({ id }) {
  const [page, setPage] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const turn = useRefresh(page?.runs ?? []);
  const query = `parent:${id}`;
  useEffect(() => {
    const stop = new AbortController();
    call(address("/runs", { q: query, sort: "-created", limit: MOST }), { signal: stop.signal }).then((found) => { setPage(found); setError(null); }, (fault) => { if (!stop.signal.aborted) setError(fault); });
    return () => stop.abort();
  }, [query, turn]);
  if (error) return html`<${ErrorBox} error=${error} />`;
  if (!page?.runs.length) return null;
  return html`<h2 style=${{ marginTop: "16px" }}>Continued, evaluated or repeated by</h2>
    <div class="scroll"><table>
      <thead><tr><th>run</th><th>state</th><th class="right">return</th><th class="right">steps</th><th class="right">submitted</th></tr></thead>
      <tbody>${page.runs.map((/** @type {any} */ run) => html`<tr key=${run.id}>
        <td><a href=${`/runs/${run.id}`}><bdi>${run.name}</bdi></a></td><td><${State} state=${run.state} cause=${run.cause} /></td>
        <td class="right">${decimal(number(run.return))}</td><td class="right">${short(run.steps)}</td><td class="right">${ago(run.created)}</td></tr>`)}</tbody>
    </table></div>
    ${page.total > page.runs.length && html`<p><a href=${`/?group=none&q=${encodeURIComponent(query)}`}>All ${page.total}</a></p>`}`;
}
