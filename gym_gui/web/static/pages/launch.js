// The workers that can start a run, those that are broken, and those that can be installed.
import { html, useEffect, useState } from "../ui/html.js";
import { Copy } from "../ui/copy.js";
import { ErrorBox } from "../ui/error.js";
import { call } from "../api.js";
import { capabilities } from "../capabilities.js";
import { follow } from "../url.js";

export default function Launch() {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const load = () => {
    call("/workers").then((answer) => { setFound(answer); setError(null); }, setError);
  };
  useEffect(load, []);
  if (error) return html`<${ErrorBox} error=${error} retry=${load} />`;
  if (!found) return html`<p class="muted">loading …</p>`;
  return html`<div onClick=${follow}>
    <h1>Start a run of which worker?</h1>
    <div class="workers">${found.workers.map((/** @type {any} */ worker) => html`<${Card} key=${worker.name} worker=${worker} />`)}</div>
    ${found.workers.length === 0 && html`<p class="muted">No worker is installed.</p>`}
    ${found.installable.length > 0 && html`<h2>Can be installed</h2>
      <div class="workers">${found.installable.map((/** @type {any} */ each) => html`<section key=${each.name} class="pane" aria-label=${each.name}>
        <h2>${each.name}</h2><p>${each.about}</p><div class="bar"><code>${each.install}</code><${Copy} text=${each.install} /></div></section>`)}</div>`}
  </div>`;
}

/** @param {{worker: any}} props */
function Card({ worker }) {
  return html`<section class="pane" aria-label=${worker.title}>
    <h2>${worker.broken ? worker.title : html`<a href=${`/launch/${encodeURIComponent(worker.name)}`}>${worker.title}</a>`}
      ${" "}<span class="muted">${worker.name} ${worker.version}</span></h2>
    ${worker.about && html`<p>${worker.about}</p>`}
    ${worker.broken
      ? html`<${Broken} worker=${worker} />`
      : html`<dl class="facts">${capabilities(worker.capabilities).map(([name, words]) => html`<dt>${name}</dt><dd>${words}</dd>`)}</dl>`}
  </section>`;
}

/** @param {{worker: any}} props */
export function Broken({ worker }) {
  return html`<div class="red">broken: ${worker.broken}</div>
    ${worker.fix && html`<div class="bar" style=${{ margin: "4px 0" }}><code>${worker.fix}</code><${Copy} text=${worker.fix} /></div>`}`;
}
