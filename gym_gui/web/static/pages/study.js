// One study: counts, its assignments with their runs, their curves, what can be done to it.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { Scroll } from "../ui/scroll.js";
import { call } from "../api.js";
import { ago, decimal, moment, number, short } from "../format.js";
import { subscribe } from "../live.js";
import { may } from "../session.js";
import { go, follow } from "../url.js";
import { useLatest } from "../latest.js";
import { CompareCurves } from "./compare_curves.js";
import { keyOf, useRuns } from "./compare_data.js";
import { Bar, Split, Standing, Tiles, kindOf, percent } from "./study_parts.js";

/** Attempts that a retry is for. */
const RETRIED = ["failed", "cancelled", "missing"];

/** @param {{name: string}} props */
export default function Study({ name: id }) {
  const { found: study, error, look } = useLatest(`/studies/${id}`);
  const [refused, setRefused] = useState(/** @type {any} */ (null));
  useEffect(() => subscribe({ list: true, q: `study=${id}`, limit: 1000 }, { list: look }), [id]);
  useEffect(() => { if (study) document.title = `${study.name} · MOSAIC`; }, [study?.name]);
  if (!study) return error ? html`<div onClick=${follow}><${ErrorBox} error=${error} retry=${look} /><a href="/studies">All studies</a></div>` : html`<p class="muted">loading …</p>`;
  const act = async (/** @type {string} */ path, /** @type {any} */ options) => {
    setRefused(null);
    try {
      await call(`/studies/${id}${path}`, options);
      look();
      return true;
    } catch (fault) {
      setRefused(fault);
      return false;
    }
  };
  return html`<div onClick=${follow}>
    <div class="bar"><h1 style=${{ margin: 0 }}><bdi>${study.name}</bdi></h1><code class="muted">${id}</code>
      <span class="grow"></span><${Actions} study=${study} act=${act} /></div>
    ${study.description && html`<p class="wrap">${study.description}</p>`}
    <p class="muted">${kindOf(study)}${study.executor && `, executor ${study.executor}`}, created ${moment(study.created_at)} by <bdi>${study.submitter}</bdi>${study.submitting ? "; its runs are being submitted …" : ""}</p>
    ${study.executor === "claim" && study.command.startsWith("goliat") && html`<p class="wrap">Carry out one: <code>${`goliat worker 0 ${/^[\w.-]+$/.test(study.name) ? study.name : JSON.stringify(study.name)} --server-url ${location.origin}`}</code> <span class="muted">(any program that claims by HTTP)</span></p>`}
    <${ErrorBox} error=${error} retry=${look} />
    <${ErrorBox} error=${refused} />
    <${Tiles} study=${study} />
    <${Assignments} study=${study} act=${act} />
    <${Curves} id=${id} changes=${JSON.stringify(study.counts)} />
    <${Spec} id=${id} />
  </div>`;
}

/** @param {{study: any, act: (path: string, options: any) => Promise<boolean>}} props */
function Actions({ study, act }) {
  const [sure, setSure] = useState(false);
  const { counts } = study;
  const going = Boolean(counts.pending || counts.running);
  const again = RETRIED.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
  return html`<a class="button" href=${`/?q=${encodeURIComponent(`study=${study.study_id}`)}`}>Runs</a>
    <a class="button" href=${`/api/v1/studies/${study.study_id}/results.zip`} download>Download results</a>
    ${may("run") && again > 0 && html`<button type="button" onClick=${() => act("/retry", { json: {} })}>Retry ${again}</button>`}
    ${may("run") && going && html`<button type="button" class="danger" onClick=${() => act("/cancel", { json: {} })}>Cancel all</button>`}
    ${may("admin") && !going && !sure && html`<button type="button" onClick=${() => setSure(true)}>Delete …</button>`}
    ${may("admin") && !going && sure && html`<button type="button" class="danger" onClick=${async () => { if (await act("", { method: "DELETE" })) go("/studies"); }}>Delete; its runs stay</button>`}`;
}

/** @param {{study: any, act: (path: string, options: any) => Promise<boolean>}} props */
function Assignments({ study, act }) {
  const [open, setOpen] = useState(/** @type {number | null} */ (null));
  return html`<div class="scroll"><table class="stack" aria-label="Assignments">
    <thead><tr><th class="right">#</th><th>state</th><th>run</th><th>machine</th><th class="right">attempt</th><th>progress</th><th class="right">steps</th><th class="right">return</th><th class="right">started</th><th>split</th><th></th></tr></thead>
    <tbody>${study.assignments.map((/** @type {any} */ each) => {
      const run = each.runs.at(-1);
      const there = !["missing", "pending"].includes(run.state) && run.state !== each.state ? run.state : each.state;
      return html`<tr key=${each.index}>
        <td class="right" data-label="#">${each.index}</td>
        <td data-label="state"><${Standing} state=${there} cause=${run.cause} /></td>
        <td data-label="run">${run.created_at === null || run.state === "missing" ? html`<code>${run.run_id.slice(-8)}</code>` : html`<a href=${`/runs/${run.run_id}`}><code>${run.run_id.slice(-8)}</code></a>`}</td>
        <td data-label="machine">${run.machine || "-"}</td>
        <td class="right" data-label="attempt">${attemptOf(each)}</td>
        <td data-label="progress"><span>${percent(run.progress)} <${Bar} share=${run.progress} label=${`Progress of assignment ${each.index}`} /></span></td>
        <td class="right" data-label="steps">${short(run.steps)}</td>
        <td class="right" data-label="return">${decimal(number(run.mean_return))}</td>
        <td class="right" data-label="started">${ago(run.started_at)}</td>
        <td data-label="split"><${Split} split=${each.split} /></td>
        <td class="right"><button type="button" class="quiet" aria-expanded=${open === each.index} aria-label=${`More about assignment ${each.index}`} onClick=${() => setOpen(open === each.index ? null : each.index)}>${open === each.index ? "▾" : "▸"}</button></td></tr>
        ${open === each.index && html`<tr key=${`${each.index} more`}><td colspan="11"><${More} each=${each} act=${act} /></td></tr>`}`;
    })}</tbody>
  </table></div>`;
}

/** How often an assignment was begun: by a run of its own, or again within one. @param {any} each */
const attemptOf = (each) => each.runs.reduce((/** @type {number} */ sum, /** @type {any} */ run) => sum + Math.max(1, run.attempts), 0);

/** The attempts of an assignment, and its JSON. @param {{each: any, act: (path: string, options: any) => Promise<boolean>}} props */
function More({ each, act }) {
  const [config, setConfig] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const run = each.runs.at(-1);
  useEffect(() => { call(`/runs/${run.run_id}/details`).then((found) => setConfig(found.config), setError); }, [run.run_id]);
  return html`<div>
    <ul>${each.runs.map((/** @type {any} */ attempt, /** @type {number} */ place) => html`<li key=${attempt.run_id}>attempt ${place + 1}: <a href=${`/runs/${attempt.run_id}`}><code>${attempt.run_id}</code></a> <${Standing} state=${attempt.state} /> <span class="muted wrap">${attempt.cause}</span></li>`)}</ul>
    ${may("run") && RETRIED.includes(each.state) && html`<p><button type="button" onClick=${() => act("/retry", { json: { indices: [each.index] } })}>Retry this one</button></p>`}
    <${ErrorBox} error=${error} />
    ${config && html`<${Scroll} tag="pre" label=${`Run config of assignment ${each.index}`}>${JSON.stringify(config.entry_point ? config.metadata.worker.config : config, null, 2)}<//>`}
  </div>`;
}

/** The curves of the study's runs, as the comparison draws them. @param {{id: string, changes: string}} props */
function Curves({ id, changes }) {
  const { page, error } = useRuns("", `study=${id}`, changes);
  const [together, setTogether] = useState(false);
  if (error) return html`<${ErrorBox} error=${error} />`;
  if (!page || page.runs.length === 0) return null;
  return html`<section aria-label="Curves"><div class="bar" style=${{ marginTop: "16px" }}><h2 style=${{ margin: 0 }}>Curves</h2>
    <label><input type="checkbox" checked=${together} onChange=${() => setTogether(!together)} /> seeds together</label>
    <a href=${`/compare?q=${encodeURIComponent(`study=${id}`)}&by=seeds`}>Compare these runs</a></div>
    <${CompareCurves} page=${page} keyOf=${together ? keyOf(page, "seeds") : null} /></section>`;
}

/** @param {{id: string}} props */
function Spec({ id }) {
  const [spec, setSpec] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const look = (/** @type {any} */ event) => { if (event.target.open && !spec) call(`/studies/${id}/spec`).then(setSpec, setError); };
  return html`<details onToggle=${look}><summary>Base config and splits</summary>
    <${ErrorBox} error=${error} />
    ${spec && html`<${Scroll} tag="pre" label="What the study was made of">${JSON.stringify(spec, null, 2)}<//>`}</details>`;
}
