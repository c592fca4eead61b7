// What else can be done to a run: another name, notes; once it has ended another run from its checkpoints, a recount, an archive.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { JobPanel } from "../ui/job.js";
import { call } from "../api.js";
import { count as written } from "../format.js";
import { jobs, start, whenEnded } from "../jobs.js";
import { may } from "../session.js";
import { go } from "../url.js";

const FOLLOWING = ["resume", "evaluate"];

/** The button that opens the panel, and the panel.
 * @param {{run: any, act: (path: string, options: any) => Promise<boolean>}} props */
export function More({ run, act }) {
  const [shown, setShown] = useState("");
  const [hidden, setHidden] = useState(/** @type {string[]} */ ([]));
  const [error, setError] = useState(/** @type {any} */ (null));
  const ended = ["completed", "failed", "cancelled", "lost"].includes(run.state);
  const all = Object.values(jobs.value).filter((job) => job.subject === run.run_id && !hidden.includes(job.job_id)).sort((left, right) => (left.job_id < right.job_id ? 1 : -1));
  const busy = all.some((job) => job.state === "running");
  useEffect(() => whenEnded((job) => {
    if (job.subject !== run.run_id || job.state !== "completed") return;
    if (FOLLOWING.includes(job.kind)) go(`/runs/${job.result.run_id}`);
    else if (job.kind === "archive") go("/");
  }), [run.run_id]);
  if (!may("run")) return null;
  const begin = async (/** @type {string} */ kind, /** @type {any} */ options = {}) => {
    setError(null);
    setShown("");
    try {
      await start(kind, run.run_id, options);
    } catch (fault) {
      setError(fault);
    }
  };
  const button = (/** @type {string} */ name, /** @type {string} */ text) => html`<button type="button" aria-expanded=${shown === name} disabled=${busy && name !== "edit"} onClick=${() => setShown(shown === name ? "" : name)}>${text} …</button>`;
  return html`<div>
    <div class="bar" role="group" aria-label="More about this run">
      ${button("edit", "Name and notes")}
      ${ended && html`${button("resume", "Resume")}${button("evaluate", "Evaluate")}
        <button type="button" disabled=${busy} title="Recount the raw logs and compare with the database" onClick=${() => begin("verify")}>Verify</button>
        ${button("reindex", "Reindex")}${may("admin") && button("archive", "Archive")}`}
    </div>
    ${shown === "edit" && html`<${Edit} run=${run} act=${act} close=${() => setShown("")} />`}
    ${FOLLOWING.includes(shown) && html`<${Follow} key=${shown} run=${run} kind=${shown} begin=${begin} />`}
    ${shown === "reindex" && html`<${Sure} text="Rebuild the database from the raw logs? The old one stays until the new one is whole." yes="Rebuild it" act=${() => begin("reindex")} />`}
    ${shown === "archive" && html`<${Sure} text="Write the run to an archive in the home, compare it, and remove the run? mosaic runs restore brings it back." yes="Archive it" act=${() => begin("archive")} />`}
    <${ErrorBox} error=${error} />
    ${all.slice(0, 3).map((job) => html`<${JobPanel} key=${job.job_id} job=${job} hide=${() => setHidden([...hidden, job.job_id])} />`)}
  </div>`;
}

/** @param {{text: string, yes: string, act: () => void}} props */
function Sure({ text, yes, act }) {
  return html`<div class="bar pane"><span>${text}</span><button type="button" class="danger" onClick=${act}>${yes}</button></div>`;
}

/** @param {{run: any, act: (path: string, options: any) => Promise<boolean>, close: () => void}} props */
function Edit({ run, act, close }) {
  const [name, setName] = useState(run.run_name);
  const [notes, setNotes] = useState(/** @type {string | null} */ (run.notes));
  useEffect(() => {
    // A run's own notes stand in its config.
    if (notes === null) call(`/runs/${run.run_id}/details`).then((found) => setNotes((/** @type {string | null} */ now) => now ?? found.notes), () => {});
  }, []);
  const save = async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (await act("", { method: "PATCH", json: { name: name.trim(), ...(notes === null ? {} : { notes }) } })) close();
  };
  return html`<form class="pane edit" onSubmit=${save}>
    <label>Name <input value=${name} maxlength="120" onInput=${(/** @type {any} */ event) => setName(event.target.value)} /></label>
    <label>Notes <textarea rows="4" onInput=${(/** @type {any} */ event) => setNotes(event.target.value)}>${notes ?? ""}</textarea></label>
    <div class="bar"><button type="submit" class="primary">Save</button><span class="muted">An empty name is the one that it was submitted with. Its config stays as it is.</span></div>
  </form>`;
}

/** @param {{run: any, kind: string, begin: (kind: string, options: any) => void}} props */
function Follow({ run, kind, begin }) {
  const [found, setFound] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [checkpoint, setCheckpoint] = useState("");
  const [count, setCount] = useState("");
  const [strict, setStrict] = useState(false);
  useEffect(() => { call(`/runs/${run.run_id}/details`).then((details) => setFound(details.checkpoints), setError); }, []);
  if (error) return html`<${ErrorBox} error=${error} />`;
  if (!found) return html`<p class="muted">looking for checkpoints …</p>`;
  if (found.length === 0) return html`<p class="pane">It has saved no checkpoint, so there is nothing to ${kind === "resume" ? "continue from" : "evaluate"}. <span class="muted">Run it again with checkpoints, if its worker can.</span></p>`;
  const resuming = kind === "resume";
  const number = Number(count);
  const wrong = count !== "" && !(Number.isInteger(number) && number > 0);
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!wrong) begin(kind, { checkpoint: checkpoint || null, [resuming ? "steps" : "episodes"]: count ? number : null, strict });
  };
  return html`<form class="bar pane" onSubmit=${submit}>
    <label>from <select onChange=${(/** @type {any} */ event) => setCheckpoint(event.target.value)}>
      <option value="">the last checkpoint</option>
      ${run.workers.length === 1 && [...found].reverse().map((each) => html`<option value=${each.path}>${each.step !== null ? `step ${written(each.step)}` : each.path.split("/").pop()}</option>`)}
    </select></label>
    <label>${resuming ? "further steps" : "episodes"} <input inputmode="numeric" size="10" value=${count} placeholder=${resuming ? "as planned" : "the worker's"} aria-invalid=${wrong} onInput=${(/** @type {any} */ event) => setCount(event.target.value)} /></label>
    <label class="option"><input type="checkbox" checked=${strict} onChange=${(/** @type {any} */ event) => setStrict(event.target.checked)} /> refuse checkpoints of other library versions</label>
    <button type="submit" class="primary" disabled=${wrong}>${resuming ? "Resume" : "Evaluate"} as a new run</button>
    ${wrong && html`<span class="red">a whole number, at least 1</span>`}
  </form>`;
}
