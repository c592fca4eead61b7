// Workers as cards: what each trains, whether it is installed, how large it is, why it is broken; and its jobs, live.
import { html, useEffect, useState } from "../ui/html.js";
import { Copy } from "../ui/copy.js";
import { ErrorBox } from "../ui/error.js";
import { JobPanel } from "../ui/job.js";
import { call } from "../api.js";
import { capabilities } from "../capabilities.js";
import { ago, size } from "../format.js";
import { jobOf, jobs, start, take, whenEnded } from "../jobs.js";
import { subscribe } from "../live.js";
import { may } from "../session.js";

/** The workers, read again whenever a job has changed them.
 * @returns {{found: any, error: any, load: () => void}} */
export function useWorkers() {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const load = () => {
    call("/workers").then((answer) => { setFound(answer); setError(null); }, setError);
  };
  useEffect(load, []);
  useEffect(() => subscribe({ jobs: "install,remove,check" }, { job: take }), []);
  useEffect(() => whenEnded((job) => { if (["install", "remove"].includes(job.kind)) load(); }), []);
  return { found, error, load };
}

/** @param {{found: any, manage?: boolean, chosen?: string}} props manage: with the buttons that examine and remove */
export function WorkerCards({ found, manage = false, chosen = "" }) {
  const [hidden, setHidden] = useState(/** @type {Set<string>} */ (new Set()));
  const hide = (/** @type {string} */ id) => setHidden(new Set([...hidden, id]));
  const all = jobs.value;
  const card = (/** @type {any} */ worker, /** @type {boolean} */ installed) => html`<${Card} key=${worker.name} worker=${worker} installed=${installed} manage=${manage}
    chosen=${chosen === worker.name} job=${jobOf(all, worker.name, hidden)} hide=${hide} />`;
  const others = Object.values(all).filter((job) => job.kind === "install" && job.state === "running"
    && ![...found.workers, ...found.installable].some((/** @type {any} */ each) => jobOf({ [job.job_id]: job }, each.name, hidden)));
  return html`<div>
    ${others.map((job) => html`<${JobPanel} key=${job.job_id} job=${job} />`)}
    ${found.workers.length === 0 && html`<p class="muted">No worker is installed yet. Install one of these:</p>`}
    ${found.workers.length > 0 && html`<div class="workers">${found.workers.map((/** @type {any} */ each) => card(each, true))}</div>`}
    ${found.installable.length > 0 && html`<h2>Can be installed</h2><div class="workers">${found.installable.map((/** @type {any} */ each) => card(each, false))}</div>`}
  </div>`;
}

/** @param {{worker: any, installed: boolean, manage: boolean, chosen: boolean, job: any, hide: (id: string) => void}} props */
function Card({ worker, installed, manage, chosen, job, hide }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [sure, setSure] = useState(false);
  const running = job?.state === "running";
  const act = (/** @type {string} */ kind) => { setError(null); setSure(false); start(kind, worker.name).catch(setError); };
  const name = encodeURIComponent(worker.name);
  const title = worker.title ?? worker.name;
  const ready = installed && !worker.broken;
  return html`<section class=${`pane ${chosen ? "chosen" : ""}`} aria-label=${title} data-worker=${worker.name}>
    <h2>${ready ? html`<a href=${`/launch/${name}`}>${title}</a>` : title} <span class="muted">${title === worker.name ? "" : worker.name} ${worker.version ?? ""}</span></h2>
    <p class="where-installed">${standing(worker, installed)}</p>
    ${worker.about && html`<p>${worker.about}</p>`}
    ${worker.broken && html`<${Broken} worker=${worker} />`}
    <div class="bar">
      ${ready && may("run") && html`<a class="button" href=${`/launch/${name}`}>Start a run</a>`}
      ${!installed && may("admin") && html`<button type="button" class="primary" disabled=${running} onClick=${() => act("install")}>${running ? "Installing …" : "Install"}</button>`}
      ${!installed && !may("admin") && html`<code>${worker.install}</code><${Copy} text=${worker.install} />`}
      ${ready && manage && html`<a class="button" href=${`/workers?worker=${name}`} aria-current=${chosen ? "true" : undefined}>Settings</a>`}
      ${ready && manage && may("run") && html`<button type="button" disabled=${running} onClick=${() => act("check")}>Check</button>`}
      ${installed && (manage || worker.broken) && worker.environment && may("admin") && html`<button type="button" disabled=${running} onClick=${() => act("install")}>Install again</button>`}
      ${installed && manage && worker.environment && may("admin") && (sure
        ? html`<span>Remove its environment?</span><button type="button" class="danger" onClick=${() => act("remove")}>Remove it</button><button type="button" onClick=${() => setSure(false)}>Keep it</button>`
        : html`<button type="button" class="danger" disabled=${running} onClick=${() => setSure(true)}>Remove</button>`)}
    </div>
    <${ErrorBox} error=${error} />
    ${job && html`<${JobPanel} job=${job} hide=${() => hide(job.job_id)} open=${job.kind === "install" && job.state === "running"} />`}
    ${ready && html`<details><summary>Capabilities</summary><dl class="facts">${capabilities(worker.capabilities).map(([what, words]) => html`<dt>${what}</dt><dd>${words}</dd>`)}</dl></details>`}
  </section>`;
}

/** @param {any} worker @param {boolean} installed */
function standing(worker, installed) {
  if (!installed) return html`<span class="muted">not installed${worker.size_bytes ? `, takes about ${size(worker.size_bytes)}` : ""}</span>`;
  const own = worker.install;
  const word = worker.broken ? html`<span class="red">✗ broken</span>` : html`<span class="green">✓ installed</span>`;
  if (!own) return html`${word} <span class="muted">in ${worker.environment ? "an environment of its own" : "MOSAIC's own environment"}</span>`;
  return html`${word} <span class="muted">${size(own.size_bytes)}, ${own.packages} packages, Python ${own.python_version}${own.installed_at ? `, ${ago(own.installed_at)}` : ""}${own.extras && html`, with <code>${own.extras}</code>`}</span>`;
}

/** @param {{worker: any}} props */
export function Broken({ worker }) {
  return html`<div class="red">broken: ${worker.broken}</div>
    ${worker.fix && html`<div class="bar fix"><code>${worker.fix}</code><${Copy} text=${worker.fix} /></div>`}`;
}
