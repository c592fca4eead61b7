// What the run's programs printed: followed, searched, and where it failed first.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../ui/html.js";
import { ansi } from "../ui/ansi.js";
import { ErrorBox } from "../ui/error.js";
import { Scroll } from "../ui/scroll.js";
import { address, call } from "../api.js";
import { count, moment, size } from "../format.js";
import { change, parameters } from "../url.js";

const MOST = 2000;
const FOLLOW_MS = 700;
/** So far behind, what lies between is left out: the button for earlier lines reads it. */
const FAR_BYTES = 1 << 18;
/** A search costs the daemon more. */
const SEARCH_MS = 3000;
/** @type {Record<string, string>} */
const STREAMS = { output: "program output", stderr: "error output", stdout: "everything printed", supervisor: "supervisor" };

/** @param {{run: any}} props */
export function Logs({ run }) {
  const read = (/** @type {string} */ name) => parameters.value.get(name) ?? "";
  const failed = ["failed", "lost"].includes(run.state);
  const stream = STREAMS[read("stream")] ? read("stream") : failed ? "stderr" : "output";
  const asked = { stream, worker: read("worker"), attempt: read("attempt"), pattern: read("grep"), level: read("level"), component: read("component").trim(), code: read("code").trim() };
  const searched = Boolean(asked.pattern || asked.level || asked.component || asked.code);
  const at = read("at");
  const [follow, setFollow] = useState(true);
  const [page, setPage] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const box = useRef(/** @type {HTMLDivElement | null} */ (null));
  const key = JSON.stringify(asked);
  const path = `/runs/${run.run_id}/logs`;

  useEffect(() => {
    const stop = new AbortController();
    setPage(null);
    call(address(path, { ...asked, after: at === "" ? "" : at }), { signal: stop.signal }).then((found) => { setPage(found); setError(null); }, (fault) => { if (!stop.signal.aborted) setError(fault); });
    return () => stop.abort();
  }, [run.run_id, key, at]);

  /** The lines that have come since; of a worker that prints faster than a page reads, the last ones. */
  const further = async () => {
    const more = await call(address(path, { ...asked, after: page.end }));
    return more.size - more.end > FAR_BYTES ? call(address(path, asked)) : joined(page, more);
  };
  const ended = ["completed", "failed", "cancelled", "lost"].includes(run.state);
  useEffect(() => {
    if (!page || !follow || at !== "" || page.dropped) return undefined;
    if (ended && page.end >= page.size) return undefined;
    const timer = setTimeout(() => further().then(setPage, () => setPage({ ...page })), searched ? SEARCH_MS : FOLLOW_MS);
    return () => clearTimeout(timer);
  }, [page, follow, key, at, ended]);
  useLayoutEffect(() => {
    if (follow && at === "" && box.current) box.current.scrollTop = box.current.scrollHeight;
  }, [page, follow, at]);

  const earlier = async () => {
    const found = await call(address(path, { ...asked, before: page.start }));
    const height = box.current?.scrollHeight ?? 0;
    setFollow(false);
    const lines = [...found.lines, ...page.lines];
    const kept = lines.slice(0, MOST); // the last ones are read again where they are wanted
    setPage({ ...page, lines: kept, start: found.start, end: kept.length < lines.length ? kept[kept.length - 1].offset : page.end });
    requestAnimationFrame(() => { if (box.current) box.current.scrollTop += box.current.scrollHeight - height; });
  };
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
      <span class="muted">${page ? size(page.size) : ""}</span>
    </form>
    <${ErrorBox} error=${error} />
    ${page?.dropped && html`<p class="muted">This log was deleted once the run had ended, as its config asked for: ${count(page.dropped.lines)} lines, ${size(page.dropped.bytes)}.</p>`}
    ${page && !page.dropped && html`<div class="log" ref=${box} tabindex="0" role="log" aria-label=${STREAMS[stream]}>
      ${page.start > 0 && html`<button type="button" onClick=${earlier}>Earlier lines</button>`}
      ${page.lines.length === 0 && html`<p class="muted">${searched ? "No line matches here." : "Nothing was printed."}</p>`}
      ${page.lines.map(drawn)}
      ${at !== "" && page.end < page.size && html`<button type="button" onClick=${() => call(address(path, { ...asked, after: page.end })).then((more) => setPage(joined(page, more)))}>Later lines</button>`}
    </div>`}
  </div>`;
}

/** Lines as they were drawn: of thousands, a render makes those that are new. @type {WeakMap<object, any>} */
const known = new WeakMap();

/** @param {any} line */
function drawn(line) {
  let row = known.get(line);
  if (!row) known.set(line, row = html`<div key=${line.offset} class=${level(line.text)}><time title=${moment(line.time)}>${clock(line.time)}</time><span>${ansi(line.text)}${line.truncated && html`<span class="muted"> … (longer than is shown)</span>`}</span></div>`);
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

/** A page and the lines that came after it; a line that had no end is there once.
 * @param {any} page @param {any} more */
function joined(page, more) {
  const offsets = new Set(more.lines.map((/** @type {any} */ line) => line.offset));
  const lines = [...page.lines.filter((/** @type {any} */ line) => !offsets.has(line.offset)), ...more.lines];
  return { ...more, lines: lines.slice(-MOST), start: lines.length > MOST ? lines[lines.length - MOST].offset : page.start };
}

/** @param {string} text */
const level = (text) => (/error|exception|traceback|fatal|critical/i.test(text) ? "line error-line" : /warn/i.test(text) ? "line warning-line" : "line");

/** @param {number | null} seconds */
const clock = (seconds) => (seconds === null ? "" : moment(seconds).slice(11));
