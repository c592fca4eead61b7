// What the run's programs printed: followed, searched, and where it failed first.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../ui/html.js";
import { ansi } from "../ui/ansi.js";
import { ErrorBox } from "../ui/error.js";
import { Scroll } from "../ui/scroll.js";
import { call } from "../api.js";
import { count, moment, size } from "../format.js";
import { change, parameters } from "../url.js";
import { BOTH, earlierPages, firstPages, laterPages, nextPage, shownLines } from "./run_log_lines.js";

const FOLLOW_MS = 700;
/** A search costs the daemon more. */
const SEARCH_MS = 3000;
/** @type {Record<string, string>} */
const STREAMS = { output: "program output", stderr: "error output", [BOTH]: "both outputs by time", stdout: "output and telemetry", supervisor: "supervisor" };

/** @param {{run: any}} props */
export function Logs({ run }) {
  const read = (/** @type {string} */ name) => parameters.value.get(name) ?? "";
  const failed = ["failed", "lost"].includes(run.state);
  const stream = STREAMS[read("stream")] ? read("stream") : failed || run.executor === "claim" ? "stderr" : "output";
  const asked = { stream, worker: read("worker"), attempt: read("attempt"), pattern: read("grep"), level: read("level"), component: read("component").trim(), code: read("code").trim() };
  const searched = Boolean(asked.pattern || asked.level || asked.component || asked.code);
  const at = read("at");
  const [follow, setFollow] = useState(true);
  const [pages, setPages] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const key = JSON.stringify(asked);
  const path = `/runs/${run.run_id}/logs`;

  useEffect(() => {
    const stop = new AbortController();
    setPages(null);
    firstPages(path, asked, at, stop.signal).then((found) => { setPages(found); setError(null); }, (fault) => { if (!stop.signal.aborted) setError(fault); });
    return () => stop.abort();
  }, [run.run_id, key, at]);

  const ended = ["completed", "failed", "cancelled", "lost"].includes(run.state);
  useEffect(() => {
    if (!pages || !follow || at !== "" || pages[0].dropped) return undefined;
    if (ended && pages.every((page) => page.end >= page.size)) return undefined;
    const timer = setTimeout(() => laterPages(path, asked, pages).then(setPages, () => setPages([...pages])), searched ? SEARCH_MS : FOLLOW_MS);
    return () => clearTimeout(timer);
  }, [pages, follow, key, at, ended]);
  useLayoutEffect(() => {
    if (follow && at === "" && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [pages, follow, at]);

  const earlier = async () => {
    const found = await earlierPages(path, asked, pages ?? []);
    const height = box.current?.scrollHeight ?? 0;
    setFollow(false);
    setPages(found);
    requestAnimationFrame(() => { if (box.current) box.current.scrollTop += box.current.scrollHeight - height; });
  };
  const [page] = pages ?? [];
  const lines = pages ? shownLines(pages) : [];
  const workers = run.workers.map((/** @type {any} */ worker) => worker.worker_id);
  return html`<div>
    ${failed && html`<${Failure} run=${run} />`}
    <form class="bar" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <select aria-label="What is shown" value=${stream} onChange=${(/** @type {any} */ event) => change({ stream: event.target.value, at: null })}>
        ${Object.entries(STREAMS).map(([value, name]) => html`<option value=${value}>${name}</option>`)}</select>
      ${stream !== "supervisor" && workers.length > 1 && html`<select aria-label="Worker" value=${asked.worker || workers[0]} onChange=${(/** @type {any} */ event) => change({ worker: event.target.value, attempt: null, at: null })}>
        ${workers.map((/** @type {string} */ each) => html`<option value=${each}>${each}</option>`)}</select>`}
      ${page?.attempts.length > 1 && html`<select aria-label="Attempt" value=${page.attempt} onChange=${(/** @type {any} */ event) => change({ attempt: event.target.value, at: null })}>
        ${page.attempts.map((/** @type {number} */ each) => html`<option value=${each}>attempt ${each}</option>`)}</select>`}
      <${Filter} key="grep" name="grep" text=${asked.pattern} label="Lines that match" placeholder="regular expression" grows />
      <select aria-label="Level" value=${asked.level} onChange=${(/** @type {any} */ event) => change({ level: event.target.value, at: null })}>
        <option value="">all lines</option><option value="warning">warnings and errors</option><option value="error">errors</option></select>
      <${Filter} key="component" name="component" text=${asked.component} label="Component" placeholder="component" title="Only log records of this component or subcomponent, such as Supervisor" />
      <${Filter} key="code" name="code" text=${asked.code} label="Log code" placeholder="LOG431" title="Only log records with this code" />
      <label><input type="checkbox" checked=${follow && at === ""} onChange=${() => { setFollow(!follow || at !== ""); if (at !== "") change({ at: null }); }} /> follow</label>
      <span class="muted">${pages ? size(sum(pages, (each) => each.size)) : ""}</span>
    </form>
    <${ErrorBox} error=${error} />
    ${page?.dropped && html`<p class="muted">This log was deleted once the run had ended, as its config asked for: ${count(sum(pages ?? [], (each) => each.dropped?.lines ?? 0))} lines, ${size(sum(pages ?? [], (each) => each.dropped?.bytes ?? 0))}.</p>`}
    ${page && !page.dropped && html`<div class="log" ref=${box} tabindex="0" role="log" aria-label=${STREAMS[stream]}>
      ${pages?.some((each) => each.start > 0) && html`<button type="button" onClick=${earlier}>Earlier lines</button>`}
      ${lines.length === 0 && html`<p class="muted">${searched ? "No line matches here." : "Nothing was printed."}</p>`}
      ${lines.map((/** @type {any} */ line) => drawn(line, stream === BOTH))}
      ${at !== "" && stream !== BOTH && page.end < page.size && html`<button type="button" onClick=${() => nextPage(path, asked, page).then((more) => setPages([more]))}>Later lines</button>`}
    </div>`}
  </div>`;
}

/** Lines as they were drawn: of thousands, a render makes those that are new. @type {WeakMap<object, any>} */
const known = new WeakMap();

/** @param {any} line @param {boolean} marked its stream is shown */
function drawn(line, marked) {
  let row = known.get(line);
  if (!row) known.set(line, row = html`<div key=${`${line.stream} ${line.offset}`} class=${level(line.text)} data-stream=${marked ? line.stream : null}><time title=${moment(line.time)}>${clock(line.time)}</time><span>${ansi(line.text)}${line.truncated && html`<span class="muted"> … (longer than is shown)</span>`}</span></div>`);
  return row;
}

/** @param {{run: any}} props */
function Failure({ run }) {
  const [failure, setFailure] = useState(/** @type {any} */ (null));
  useEffect(() => {
    call(`/runs/${run.run_id}/failure`).then(setFailure, () => setFailure(null));
  }, [run.run_id, run.state]);
  if (!failure?.text) return null;
  const titles = /** @type {Record<string, string>} */ ({ traceback: "The last traceback", error: "The last error", end: "Its last lines" });
  return html`<section aria-label="Why it failed"><h2>${titles[failure.kind]} <span class="muted">of <code>${failure.worker_id}</code></span>
    <button type="button" class="quiet" onClick=${() => change({ stream: failure.stream, worker: failure.worker_id, attempt: String(failure.attempt), at: String(failure.offset) })}>go there</button></h2>
    <${Scroll} tag="pre" name="failure" label=${titles[failure.kind]}>${ansi(failure.text)}<//></section>`;
}

/** Text that lines are filtered by, under its name in the address.
 * @param {{name: string, text: string, label: string, placeholder: string, title?: string, grows?: boolean}} props */
function Filter({ name, text, label, placeholder, title, grows = false }) {
  const [entered, setEntered] = useState(text);
  useEffect(() => {
    if (entered === text) return undefined;
    const timer = setTimeout(() => change({ [name]: entered, at: null }), 300);
    return () => clearTimeout(timer);
  }, [entered]);
  return html`<input class=${grows ? "grow" : "brief"} type="search" aria-label=${label} title=${title} placeholder=${placeholder} spellcheck=${false} value=${entered} onInput=${(/** @type {any} */ event) => setEntered(event.target.value)} />`;
}

/** @param {any[]} pages @param {(page: any) => number} of */
const sum = (pages, of) => pages.reduce((total, page) => total + of(page), 0);

/** @param {string} text */
const level = (text) => (/error|exception|traceback|fatal|critical/i.test(text) ? "line error-line" : /warn/i.test(text) ? "line warning-line" : "line");

/** @param {number | null} seconds */
const clock = (seconds) => (seconds === null ? "" : moment(seconds).slice(11));
