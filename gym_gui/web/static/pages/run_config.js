// What the run was submitted with, and from where.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { Scroll } from "../ui/scroll.js";
import { call } from "../api.js";
import { count, moment, size } from "../format.js";

/** @param {{run: any}} props */
export function Config({ run }) {
  const [details, setDetails] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    call(`/runs/${run.run_id}/details`).then((found) => { setDetails(found); setError(null); }, setError);
  }, [run.run_id, run.state]);
  if (error) return html`<${ErrorBox} error=${error} />`;
  if (!details) return null;
  const text = JSON.stringify(details.config, null, 2);
  const git = details.git;
  const study = details.config.metadata?.study;
  return html`<div>
    ${Object.entries(details.settings).map(([worker, settings]) => html`<h2>Settings of <code>${worker}</code></h2>
      <dl class="facts">${Object.entries(/** @type {any} */ (settings)).map(([name, value]) => html`<dt>${name}</dt><dd><code>${typeof value === "string" ? value : JSON.stringify(value)}</code></dd>`)}</dl>`)}
    <h2 style=${{ marginTop: "16px" }}>Origin</h2>
    <dl class="facts">
      <dt>command</dt><dd><code>${details.command.join(" ")}</code></dd>
      ${study && html`<dt>study</dt><dd><a href=${`/studies/${study.study_id}`}><bdi>${study.name}</bdi></a> #${study.index}</dd>`}
      <dt>submitter</dt><dd><bdi>${details.submitter}</bdi>${details.host ? ` on ${details.host}` : ""}, ${moment(run.created_at)}</dd>
      ${details.machine && html`<dt>machine</dt><dd>${details.machine}</dd>`}
      ${git && html`<dt>git</dt><dd><code>${git.commit ?? "no commit"}</code>${git.branch ? ` on ${git.branch}` : ""}${git.dirty ? ", with changes that were not committed" : ""}</dd>`}
      <dt>versions</dt><dd>${Object.entries(details.versions).map(([name, version]) => `${name} ${version}`).join(" · ")}</dd>
      <dt>digest</dt><dd><code>${run.digest}</code></dd>
      ${details.tensorboard && html`<dt>TensorBoard</dt><dd><code>tensorboard --logdir ${details.tensorboard}</code></dd>`}
      ${details.wandb.map((/** @type {string} */ each) => html`<dt>W&B</dt><dd><a href=${each} rel="noreferrer">${each}</a></dd>`)}
      ${details.checkpoints.length > 0 && html`<dt>checkpoints</dt><dd>${details.checkpoints.map((/** @type {any} */ each) => html`<div><code>${each.path}</code>${each.step !== null ? ` at step ${count(each.step)}` : ""}${each.bytes !== null ? `, ${size(each.bytes)}` : ""}</div>`)}</dd>`}
    </dl>
    <div class="bar" style=${{ marginTop: "16px" }}><h2 style=${{ margin: 0 }}>Run config</h2><button type="button" onClick=${() => navigator.clipboard.writeText(text)}>Copy</button>
      <span class="muted">in a file, <code>mosaic run FILE</code> repeats it</span></div>
    <${Scroll} tag="pre" label="Run config">${text}<//>
  </div>`;
}
