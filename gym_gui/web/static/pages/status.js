// The daemon, the connection to it, and who one is.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { call } from "../api.js";
import { age, moment } from "../format.js";
import { take } from "../jobs.js";
import { subscribe } from "../live.js";
import { leave, me } from "../session.js";
import { follow } from "../url.js";
import { Archived } from "./status_archived.js";
import { Fleet } from "./status_fleet.js";
import { Doctor, Machines, Tokens } from "./status_parts.js";

/** Milliseconds between two looks. */
const EVERY = 2000;

export default function Status() {
  const [status, setStatus] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [seen, setSeen] = useState(/** @type {number | null} */ (null));
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    const look = async () => {
      try {
        setStatus(await call("/status", { signal: stop.signal }));
        setSeen(Date.now() / 1000);
        setError(null);
      } catch (fault) {
        if (!stop.signal.aborted) setError(fault);
      }
    };
    look();
    const timer = setInterval(() => !document.hidden && look(), EVERY);
    return () => { stop.abort(); clearInterval(timer); };
  }, [turn]);
  useEffect(() => subscribe({ jobs: "doctor,restore" }, { job: take }), []); // a page has one stream
  return html`<div onClick=${follow}>
    <h1>Status</h1>
    <div class="columns">
      <section class="pane" aria-label="Daemon">
        <h2>Daemon</h2>
        <p role="status" class=${error ? "red" : "green"}>${error ? `✗ does not answer${seen === null ? "" : `, last ${age(seen)}`}; trying again …` : status ? "✓ answers" : "…"}</p>
        ${status && html`<dl class="facts">
          ${status.fault && html`<dt class="red">fault</dt><dd class="red">${status.fault}</dd>`}
          <dt>runs</dt><dd>${status.active_runs} active, ${status.queued_runs} queued, ${status.runs} in all</dd>
          <dt>slots</dt><dd>${status.active_runs} of ${status.max_running_runs} taken</dd>
          <dt>home</dt><dd><code>${status.home}</code> <span class="muted">${status.home_id}</span></dd>
          <dt>address</dt><dd><code>${status.address}</code>${status.public_address && html`, for other machines <code>${status.public_address}</code>`}</dd>
          <dt>executors</dt><dd>${status.executors.join(", ")}</dd>
          <dt>version</dt><dd>${status.version}</dd>
          <dt>process</dt><dd>${status.pid}, since ${moment(status.started_at)} <span class="muted">(${age(status.started_at)})</span></dd>
        </dl>`}
        <${ErrorBox} error=${error} retry=${() => setTurn(turn + 1)} />
      </section>
      <section class="pane" aria-label="You">
        <h2>You</h2>
        <dl class="facts">
          <dt>name</dt><dd><bdi>${me.value.name}</bdi></dd>
          <dt>role</dt><dd>${me.value.role} <span class="muted">${ROLES[me.value.role]}</span></dd>
          <dt>dashboard</dt><dd>MOSAIC ${me.value.version} of <code>${me.value.where}</code></dd>
        </dl>
        <p style=${{ margin: "12px 0 0" }}><button type="button" onClick=${leave}>Log out</button></p>
      </section>
      <${Tokens} />
    </div>
    <${Machines} />
    <${Fleet} />
    <${Doctor} />
    <${Archived} />
  </div>`;
}

/** @type {Record<string, string>} */
const ROLES = { read: "may look at everything", run: "may also start, cancel and annotate runs", admin: "may also delete runs, and install and remove workers" };
