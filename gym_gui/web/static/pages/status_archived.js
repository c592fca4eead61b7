// The archived runs, and the way back for each.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { JobPanel } from "../ui/job.js";
import { call } from "../api.js";
import { ago, count, size } from "../format.js";
import { jobs, start } from "../jobs.js";
import { may } from "../session.js";

const MOST = 20;

export function Archived() {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [all, setAll] = useState(false);
  const restores = Object.values(jobs.value).filter((job) => job.kind === "restore");
  const ended = restores.filter((job) => job.state !== "running").length;
  useEffect(() => { call("/archives").then(setFound, setError); }, [ended]);
  const jobOf = (/** @type {string} */ id) => restores.filter((job) => job.subject === id).sort((left, right) => (left.job_id < right.job_id ? 1 : -1))[0];
  const restore = (/** @type {string} */ id) => { setError(null); start("restore", id).catch(setError); };
  if (!found?.total && !error) return null;
  const shown = (found?.archives ?? []).slice(0, all ? undefined : MOST);
  return html`<section class="pane" aria-label="Archived runs"><h2>Archived runs</h2>
    <${ErrorBox} error=${error} />
    <div class="scroll"><table class="stack">
      <thead><tr><th>run</th><th>id</th><th class="right">archived</th><th class="right">size</th><th></th></tr></thead>
      <tbody>${shown.map((/** @type {any} */ run) => html`<tr key=${run.run_id}>
        <td><bdi>${run.run_name || "unreadable"}</bdi></td><td data-label="id"><code>${run.run_id}</code></td>
        <td class="right" data-label="archived">${ago(run.archived_at)}</td><td class="right" data-label="size">${size(run.size_bytes)}</td>
        <td class="right">${run.present ? html`<a href=${`/runs/${run.run_id}`}>restored</a>` : may("admin") && html`<button type="button" aria-label=${`Restore ${run.run_name || run.run_id}`}
          disabled=${jobOf(run.run_id)?.state === "running"} onClick=${() => restore(run.run_id)}>Restore</button>`}</td></tr>
        ${jobOf(run.run_id) && jobOf(run.run_id)?.state !== "completed" && html`<tr key=${`${run.run_id} job`}><td colspan="5"><${JobPanel} job=${jobOf(run.run_id)} /></td></tr>`}`)}</tbody>
    </table></div>
    ${found && shown.length < found.archives.length && html`<button type="button" onClick=${() => setAll(true)}>Show all ${count(found.archives.length)}</button>`}
    ${found && found.total > found.archives.length && html`<p class="muted">The newest ${count(found.archives.length)} of ${count(found.total)}; the others by <code>mosaic runs restore</code>.</p>`}
  </section>`;
}
