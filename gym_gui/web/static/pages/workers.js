// The workers: installed, checked and removed here; the fields of one's config; what was done last.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { JobPanel } from "../ui/job.js";
import { useKeys } from "../ui/keys.js";
import { call } from "../api.js";
import { jobs, start } from "../jobs.js";
import { may } from "../session.js";
import { change, follow, parameters } from "../url.js";
import { WorkerCards, useWorkers } from "./worker_cards.js";
import { pathOf } from "./launch_state.js";

/** Ended jobs that the page lists. */
const SHOWN = 10;

export default function Workers() {
  const { found, error, load } = useWorkers();
  const chosen = parameters.value.get("worker") ?? "";
  useKeys({ Escape: { about: "close the worker's settings", act: () => change({ worker: null }) } }, []);
  if (error) return html`<${ErrorBox} error=${error} retry=${load} />`;
  if (!found) return html`<p class="muted">loading …</p>`;
  return html`<div onClick=${follow}>
    <h1>Workers</h1>
    ${chosen && html`<${Fields} key=${chosen} name=${chosen} />`}
    <${WorkerCards} found=${found} manage=${true} chosen=${chosen} />
    ${may("admin") && html`<${Other} />`}
    <${Recent} />
  </div>`;
}

/** Installs a worker that does not come with MOSAIC. */
function Other() {
  const [name, setName] = useState("");
  const [origin, setOrigin] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const submit = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setError(null);
    try {
      await start("install", name.trim(), origin.trim() ? { origin: origin.trim() } : {});
      setName("");
      setOrigin("");
    } catch (fault) {
      setError(fault);
    }
  };
  return html`<details class="other"><summary>Install another worker</summary>
    <form class="bar" onSubmit=${submit}>
      <label>name <input required value=${name} placeholder="my_worker or sb3[atari]" onInput=${(/** @type {any} */ event) => setName(event.target.value)} /></label>
      <label>from <input size="44" value=${origin} placeholder="a folder of the daemon's machine, a requirement, a git address" onInput=${(/** @type {any} */ event) => setOrigin(event.target.value)} /></label>
      <button type="submit" disabled=${!name.trim()}>Install</button>
    </form><${ErrorBox} error=${error} /></details>`;
}

/** What was done last to workers, with the logs. */
function Recent() {
  const all = Object.values(jobs.value).filter((job) => ["install", "remove", "check"].includes(job.kind)).sort((left, right) => (left.job_id < right.job_id ? 1 : -1));
  if (all.length === 0) return null;
  return html`<section aria-label="Jobs"><h2>Jobs</h2>${all.slice(0, SHOWN).map((job) => html`<${JobPanel} key=${job.job_id} job=${job} />`)}</section>`;
}

/** @param {{name: string}} props */
function Fields({ name }) {
  const [spec, setSpec] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const load = () => {
    call(`${pathOf(name)}/form`).then((form) => { setSpec(form); setError(null); }, setError);
  };
  useEffect(load, []);
  if (error) return html`<${ErrorBox} error=${error} retry=${load} />`;
  if (!spec) return html`<p class="muted">loading …</p>`;
  const sections = spec.sections.map((/** @type {any} */ section) => ({ ...section, rows: [...(section.fields ?? []), ...(section.advanced ?? [])].filter((field) => field.name.startsWith("config.")) }));
  return html`<section aria-label=${`Fields of ${name}`}>
    <div class="bar"><h2>Settings of ${spec.title}</h2><span class="push"></span><a href="/workers">close</a></div>
    ${sections.filter((/** @type {any} */ section) => section.rows.length).map((/** @type {any} */ section) => html`<h3 key=${section.id}>${section.title}</h3>
      <table class="stack columns4">
        <thead><tr><th>field</th><th>value</th><th>default</th><th>meaning</th></tr></thead>
        <tbody>${section.rows.map((/** @type {any} */ field) => html`<tr key=${field.name}>
          <td><code>${field.name.slice("config.".length)}</code></td><td data-label="value">${valueOf(field)}</td>
          <td data-label="default">${defaultOf(field)}</td><td>${field.help}${applies(field)}</td></tr>`)}</tbody>
      </table>`)}
  </section>`;
}

/** @type {Record<string, string>} */
const KINDS = { switch: "true or false", json: "JSON", path: "path of a file", text: "text", seeds: "seed" };

/** @param {any} field */
function valueOf(field) {
  const low = field.exclusive_minimum !== undefined ? `above ${field.exclusive_minimum}` : field.minimum !== undefined ? `at least ${field.minimum}` : "";
  const high = field.exclusive_maximum !== undefined ? `below ${field.exclusive_maximum}` : field.maximum !== undefined ? `at most ${field.maximum}` : "";
  const kind = field.choices?.length ? field.choices.map(String).join(" · ") : field.kind === "list" && field.item ? `list of ${KINDS[field.item] ?? field.item}` : KINDS[field.kind] ?? field.kind;
  return [kind, field.unit && `in ${field.unit}`, low, high].filter(Boolean).join(", ");
}

/** @param {any} field */
function defaultOf(field) {
  if (field.required) return html`<strong>required</strong>`;
  if (field.default === null && field.default_by?.length) return html`<span class="muted">depends on other fields</span>`;
  return field.default === undefined ? "-" : html`<code>${JSON.stringify(field.default)}</code>`;
}

/** @param {any} field */
function applies(field) {
  const terms = Object.entries(field.applies ?? {});
  return terms.length > 0 && html` <span class="muted">Applies where ${terms.map(([name, values]) => `${name.slice("config.".length)} is ${/** @type {any[]} */ (values).map((value) => JSON.stringify(value)).join(" or ")}`).join(", and ")}.</span>`;
}
