// Named views: addresses of the dashboard under a name, kept on the web server's machine for all who use it.
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { Copy } from "../ui/copy.js";
import { call } from "../api.js";
import { may } from "../session.js";
import { go, parameters, path, written } from "../url.js";

export function ViewMenu() {
  const [views, setViews] = useState(/** @type {Record<string, string>} */ ({}));
  const [name, setName] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const menu = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const load = () => call("/views").then((found) => { setViews(found.views); setError(null); }, setError);
  useEffect(() => {
    const leave = (/** @type {Event} */ event) => { if (menu.current && !menu.current.contains(/** @type {Node} */ (event.target))) menu.current.open = false; };
    addEventListener("pointerdown", leave);
    return () => removeEventListener("pointerdown", leave);
  }, []);
  const query = written(parameters.value);
  const here = path.value + (query ? `?${query}` : "");
  const act = (/** @type {string} */ of, /** @type {any} */ options) => call(`/views/${encodeURIComponent(of)}`, options).then(load, setError);
  const keep = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (name.trim()) act(name.trim(), { method: "PUT", json: { address: here } }).then(() => setName(""));
  };
  const open = (/** @type {string} */ address) => {
    if (menu.current) menu.current.open = false;
    go(address);
  };
  return html`<details class="menu" ref=${menu} onToggle=${(/** @type {any} */ event) => event.target.open && load()}><summary class="button">Views</summary>
    <div class="pane">
      ${Object.entries(views).map(([each, address]) => html`<div class="bar" key=${each}>
        <button type="button" class="quiet grow" title=${address} onClick=${() => open(address)}><bdi>${each}</bdi></button>
        <${Copy} text=${`${location.origin}/views/${encodeURIComponent(each)}`} label="Link" />
        ${may("run") && html`<button type="button" class="quiet" aria-label=${`Delete the view ${each}`} onClick=${() => act(each, { method: "DELETE" })}>×</button>`}</div>`)}
      ${Object.keys(views).length === 0 && html`<p class="muted">A view is what you see under a name: query, columns, order, grouping, selection.</p>`}
      ${may("run") && html`<form class="bar" onSubmit=${keep}><input class="grow" aria-label="Name of the view" placeholder="name" maxlength="80" value=${name} onInput=${(/** @type {any} */ event) => setName(event.target.value)} />
        <button type="submit" disabled=${!name.trim()}>Save this view</button></form>`}
      <${ErrorBox} error=${error} />
    </div></details>`;
}

/** The page behind the link of a view: goes on to what it shows. @param {{name: string}} props */
export default function View({ name }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    call(`/views/${name}`).then(({ address }) => go(address, { replace: true }), setError);
  }, [name]);
  return error ? html`<${ErrorBox} error=${error} /><a href="/">All runs</a>` : html`<p class="muted">loading …</p>`;
}
