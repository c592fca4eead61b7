// The dry run of what the form holds: a job of the daemon, with its output and what it found wrong.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { JobPanel } from "../ui/job.js";
import { jobs, start, take } from "../jobs.js";
import { subscribe } from "../live.js";

/** @param {any} form @param {string} worker */
export function useDryRun(form, worker) {
  const [id, setId] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const [of, setOf] = useState("");
  useEffect(() => subscribe({ jobs: "dry_run" }, { job: take }), []);
  const job = id ? jobs.value[id] : null;
  const act = async () => {
    setError(null);
    try {
      const { problems, configs } = await form.check();
      if (problems.length) return;
      setOf(JSON.stringify(configs[0]));
      setId((await start("dry_run", worker, { config: configs[0] })).job_id);
    } catch (fault) {
      setError(fault);
    }
  };
  return { act, job, error, of, busy: job?.state === "running", clear: () => { setId(""); setError(null); } };
}

/** @param {{dry: any, checked: any}} props */
export function DryRun({ dry, checked }) {
  if (!dry.job && !dry.error) return null;
  const old = dry.of && dry.of !== JSON.stringify(checked.configs[0]);
  return html`<div>
    <${ErrorBox} error=${dry.error} />
    ${dry.job && html`${old && html`<p class="muted">The form has changed since this dry run.</p>`}
      <${JobPanel} job=${dry.job} hide=${dry.clear} open=${true} />`}
  </div>`;
}
