// The daemon's jobs: installs, removals, checks, dry runs. What a page shows of them, kept up to date by the tab's stream.
import { signal } from "./ui/html.js";
import { call } from "./api.js";

/** @typedef {{job_id: string, kind: string, subject: string, title: string, by: string, state: string, created_at: number, ended_at: number | null, step: string, note: string, events: number, error: any, result: any}} Job */

/** All jobs that are known, by id. @type {import("./vendor/signals.js").Signal<Record<string, Job>>} */
export const jobs = signal({});
/** Jobs that were seen running, or were started here: their end is news. @type {Set<string>} */
const seen = new Set();
/** @type {Set<(job: Job) => void>} */
const onEnd = new Set();

/** Takes a job's value; of the topic "job" of the stream.
 * @param {Job} job */
export function take(job) {
  const before = jobs.peek()[job.job_id];
  jobs.value = { ...jobs.peek(), [job.job_id]: job };
  if (job.state === "running") seen.add(job.job_id);
  else if (seen.has(job.job_id) && (!before || before.state === "running")) for (const act of onEnd) act(job);
}

/** Calls a function whenever a job ends.
 * @param {(job: Job) => void} act @returns {() => void} */
export function whenEnded(act) {
  onEnd.add(act);
  return () => onEnd.delete(act);
}

/** Starts a job.
 * @param {string} kind @param {string} subject @param {Record<string, any>} [options] @returns {Promise<Job>} */
export async function start(kind, subject, options = {}) {
  const job = await call("/jobs", { json: { kind, subject, options } });
  seen.add(job.job_id);
  if (!jobs.peek()[job.job_id]) take(job);
  return job;
}

/** @param {Job} job */
export async function cancel(job) {
  take(await call(`/jobs/${job.job_id}/cancel`, { method: "POST" }));
}

/** What tells workers apart, whatever the spelling; optional dependencies aside.
 * @param {string} name */
const keyOf = (name) => name.replace(/\[.*/, "").trim().toLowerCase().replace(/[-_.]+/g, "");

/** The job of a worker to show: the one that runs, else the newest one that ended while this page was open, or failed.
 * @param {Record<string, Job>} all @param {string} worker @param {Set<string>} hidden @returns {Job | null} */
export function jobOf(all, worker, hidden) {
  const own = Object.values(all).filter((job) => ["install", "remove", "check"].includes(job.kind) && keyOf(job.subject) === keyOf(worker));
  own.sort((left, right) => (left.job_id < right.job_id ? 1 : -1));
  const newest = own[0];
  if (!newest || hidden.has(newest.job_id)) return null;
  return newest.state === "running" || seen.has(newest.job_id) || ["failed", "lost"].includes(newest.state) ? newest : null;
}
