// One job: what it does, its log as it grows, and how it ended.
import { html, useEffect, useRef, useState } from "./html.js";
import { ansi } from "./ansi.js";
import { ErrorBox } from "./error.js";
import { State } from "./state.js";
import { call } from "../api.js";
import { count, duration, size } from "../format.js";
import { cancel } from "../jobs.js";
import { may } from "../session.js";

/** Lines that a log shows at most: the last ones. */
const SHOWN = 2000;

/** @param {{job: any, hide?: () => void, open?: boolean}} props */
export function JobPanel({ job, hide, open = false }) {
  const [asked, setAsked] = useState(false);
  const [fault, setFault] = useState(/** @type {any} */ (null));
  const running = job.state === "running";
  const now = useClock(running);
  const stop = () => { setAsked(true); cancel(job).catch((error) => { setAsked(false); setFault(error); }); };
  const allowed = may(["install", "remove", "archive"].includes(job.kind) ? "admin" : "run");
  return html`<div class="job" role="group" aria-label=${job.title}>
    <div class="bar"><${State} state=${job.state} /> <strong>${job.title}</strong>
      <span class="muted">${duration((job.ended_at ?? now) - job.created_at)}${job.by && html`, by <bdi>${job.by}</bdi>`}</span><span class="push"></span>
      ${running && allowed && html`<button type="button" disabled=${asked} onClick=${stop}>${asked ? "Cancelling …" : "Cancel"}</button>`}
      ${!running && hide && html`<button type="button" class="quiet" aria-label=${`Hide: ${job.title}`} onClick=${hide}>hide</button>`}</div>
    <p class="step" role="status">${running ? html`${ansi(job.step)}${job.note && html`<span class="muted note">${ansi(job.note)}</span>`}` : summary(job)}</p>
    <${ErrorBox} error=${fault ?? (job.error && job.state !== "cancelled" ? { parts: { ...job.error, next: job.error.next_step } } : null)} />
    ${job.state === "cancelled" && job.error && html`<p class="muted">${job.error.why}. Again: <code>${job.error.next_step}</code></p>`}
    ${job.kind === "check" && job.result?.findings && html`<${Findings} result=${job.result} />`}
    ${job.events > 0 && html`<${Log} job=${job} open=${open} />`}
  </div>`;
}

/** A log's lines, fetched as they come in while it is open.
 * @param {{job: any, open: boolean}} props */
function Log({ job, open }) {
  const [shown, setShown] = useState(open);
  const [lines, setLines] = useState(/** @type {any[]} */ ([]));
  const known = useRef(0);
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const following = useRef(true);
  useEffect(() => { if (open) setShown(true); }, [open]);
  useEffect(() => {
    if (!shown || known.current >= job.events) return undefined;
    const stop = new AbortController();
    call(`/jobs/${job.job_id}?after=${known.current}`, { signal: stop.signal }).then(({ events }) => {
      if (!events.length) return;
      known.current = events[events.length - 1].number;
      setLines((before) => [...before, ...events].slice(-SHOWN));
    }, () => {}); // the next change tries again
    return () => stop.abort();
  }, [shown, job.events, lines.length]);
  useEffect(() => { if (box.current && following.current) box.current.scrollTop = box.current.scrollHeight; }, [lines]);
  const scrolled = () => { if (box.current) following.current = box.current.scrollHeight - box.current.scrollTop - box.current.clientHeight < 24; };
  return html`<details open=${shown} onToggle=${(/** @type {any} */ event) => setShown(event.target.open)}><summary>Log (${job.events})</summary>
    ${shown && html`<div class="log small" tabindex="0" role="log" aria-label=${`Log: ${job.title}`} ref=${box} onScroll=${scrolled}>${lines.map(line)}</div>`}</details>`;
}

/** @param {any} event */
function line(event) {
  const took = event.seconds === null ? "" : duration(event.seconds);
  const text = { step: event.text, done: `done${event.text ? `: ${event.text}` : ""}, ${took}`, finding: `${event.data?.outcome ?? event.data?.verdict ?? ""} ${event.text}` }[/** @type {string} */ (event.kind)] ?? event.text;
  const look = { step: "step-line", done: "muted", note: "muted" }[/** @type {string} */ (event.kind)];
  const error = event.kind === "output" && /^\s*(error|fatal)\b/i.test(event.text);
  return html`<div key=${event.number} class=${`line ${error ? "error-line" : ""}`}><span class=${look}>${ansi(text)}</span></div>`;
}

/** What a check found: first what is to be changed.
 * @param {{result: any}} props */
function Findings({ result }) {
  const broken = result.findings.filter((/** @type {any} */ each) => each.outcome === "broken");
  const of = (/** @type {string} */ outcome) => result.findings.filter((/** @type {any} */ each) => each.outcome === outcome).length;
  return html`<div>
    ${broken.map((/** @type {any} */ each) => html`<div class="problem"><span class=${each.level === "error" ? "red" : "amber"}>${each.level}</span> <code>${each.name}</code> ${each.title}
      <div class="muted">seen: ${each.seen}</div><div>change: ${each.mend}</div></div>`)}
    <p class="muted">${of("kept")} findings are fine, ${of("skipped")} do not apply.</p></div>`;
}

/** @param {any} job */
function summary(job) {
  const result = job.result ?? {};
  if (job.state !== "completed") return null;
  if (job.kind === "install") return `installed: ${result.packages} packages, ${size(result.size_bytes)}`;
  if (job.kind === "remove") return `removed: ${size(result.freed_bytes)} freed`;
  if (job.kind === "check") return html`<strong class=${result.certified ? "green" : "red"}>${result.certified ? "✓ certified" : "✗ not certified"}</strong>${`: ${result.errors} errors, ${result.warnings} warnings`}`;
  if (job.kind === "resume" || job.kind === "evaluate") return html`started <a href=${`/runs/${result.run_id}`}>run …${result.run_id.slice(-6)}</a>`;
  if (job.kind === "verify") return result.ok ? html`<strong class="green">✓ the books balance</strong>: ${count(result.ledger.lines)} lines recounted`
    : html`<strong class="red">✗ the database differs from the logs</strong>: ${result.problems.length} problems; Reindex rebuilds it`;
  if (job.kind === "reindex") return `rebuilt from ${size(result.bytes_read)} in ${result.logs} logs: ${count(result.ledger.lines)} lines`;
  if (job.kind === "archive") return html`archived as <code>${result.archive}</code>, and removed`;
  if (job.kind === "dry_run") return html`<strong class="green">✓ it would run</strong>${", nothing was started"}`;
  return null;
}

/** Now, in seconds, again every second while something runs.
 * @param {boolean} running */
function useClock(running) {
  const [now, setNow] = useState(Date.now() / 1000);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, [running]);
  return now;
}
