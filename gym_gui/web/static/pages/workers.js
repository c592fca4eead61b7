// The installed workers, and the fields of one's config.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { useKeys } from "../ui/keys.js";
import { call } from "../api.js";
import { capabilities } from "../capabilities.js";
import { may } from "../session.js";
import { change, follow, parameters } from "../url.js";
import { Broken } from "./launch.js";
import { pathOf } from "./launch_state.js";

export default function Workers() {
  const [found, setFound] = useState(/** @type {any[] | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const chosen = parameters.value.get("worker") ?? "";
  const load = () => {
    call("/workers").then((answer) => { setFound(answer.workers); setError(null); }, setError);
  };
  useEffect(load, []);
  useKeys({ Escape: { about: "close the worker's fields", act: () => change({ worker: null }) } }, []);
  if (error) return html`<${ErrorBox} error=${error} retry=${load} />`;
  if (!found) return html`<p class="muted">loading …</p>`;
  return html`<div onClick=${follow}>
    <h1>Workers</h1>
    ${found.length === 0 && html`<p class="muted">No worker is installed. Install one: <code>mosaic workers install NAME</code></p>`}
    ${found.length > 0 && html`<table class="stack">
      <thead><tr><th>worker</th><th>version</th><th>state</th><th>environment</th><th>what it is</th><th></th></tr></thead>
      <tbody>${found.map((worker) => html`<${Row} key=${worker.name} worker=${worker} chosen=${chosen === worker.name} />`)}</tbody>
    </table>`}
    ${chosen && html`<${Fields} key=${chosen} name=${chosen} />`}
  </div>`;
}

/** @param {{worker: any, chosen: boolean}} props */
function Row({ worker, chosen }) {
  const name = encodeURIComponent(worker.name);
  return html`<tr class=${chosen && "selected"}>
    <td>${worker.broken ? html`<strong>${worker.name}</strong>` : html`<a href=${`/workers?worker=${name}`} aria-current=${chosen ? "true" : undefined}>${worker.name}</a>`}</td>
    <td data-label="version">${worker.version || "-"}</td>
    <td class=${worker.broken ? "red" : "green"}>${worker.broken ? "✗ broken" : "✓ ready"}</td>
    <td data-label="environment">${worker.environment ? html`its own <code>${worker.environment}</code>` : "MOSAIC's"}</td>
    <td>${worker.broken ? html`<${Broken} worker=${worker} />` : html`${worker.about}
      <details><summary>Capabilities</summary><dl class="facts">${capabilities(worker.capabilities).map(([what, words]) => html`<dt>${what}</dt><dd>${words}</dd>`)}</dl></details>`}</td>
    <td>${!worker.broken && may("run") && html`<a class="button" href=${`/launch/${name}`}>Start a run</a>`}</td>
  </tr>`;
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
    <h2 style=${{ margin: "24px 0 8px" }}>Config of ${spec.title}</h2>
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
