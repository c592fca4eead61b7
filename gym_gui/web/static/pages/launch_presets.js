// Named values of a worker's form.
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { call } from "../api.js";
import { may } from "../session.js";
import { pathOf } from "./launch_state.js";

/** @param {{worker: string, values: any, apply: (values: any) => void}} props */
export function PresetMenu({ worker, values, apply }) {
  const [presets, setPresets] = useState(/** @type {Record<string, any> | null} */ (null));
  const [name, setName] = useState("");
  const [said, setSaid] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const menu = useRef(/** @type {HTMLDetailsElement | null} */ (null));
  const path = `${pathOf(worker)}/presets`;
  const load = () => call(path).then((found) => setPresets(found.presets), setError);
  useEffect(() => {
    const leave = (/** @type {Event} */ event) => {
      if (menu.current && !menu.current.contains(/** @type {Node} */ (event.target))) menu.current.open = false;
    };
    addEventListener("pointerdown", leave);
    return () => removeEventListener("pointerdown", leave);
  }, []);
  const act = async (/** @type {() => Promise<any>} */ what) => {
    setError(null);
    setSaid("");
    try {
      const answer = await what();
      await load();
      return answer ?? {};
    } catch (fault) {
      setError(fault);
      return null;
    }
  };
  const save = async () => {
    const answer = await act(() => call(`${path}/${encodeURIComponent(name)}`, { method: "PUT", json: { values } }));
    if (!answer) return;
    setName("");
    setSaid(answer.hidden.length ? `Saved, without secrets: ${answer.hidden.join(", ")}` : "Saved");
  };
  const close = () => {
    if (!menu.current) return;
    menu.current.open = false;
    menu.current.querySelector("summary")?.focus();
  };
  return html`<details class="menu" ref=${menu} onToggle=${() => menu.current?.open && !presets && load()}
    onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } }}>
    <summary class="button">Presets</summary>
    <div class="pane">
      ${presets && Object.keys(presets).length === 0 && html`<p class="muted">None is saved.</p>`}
      ${Object.entries(presets ?? {}).map(([each, saved]) => html`<div class="bar" key=${each}>
        <button type="button" class="grow" onClick=${() => { apply(saved); close(); }}><bdi>${each}</bdi></button>
        ${may("run") && html`<button type="button" class="quiet" aria-label=${`Delete the preset ${each}`} onClick=${() => act(() => call(`${path}/${encodeURIComponent(each)}`, { method: "DELETE" }))}>×</button>`}
      </div>`)}
      ${may("run") && html`<div class="bar">
        <input class="grow" aria-label="Name of a preset" placeholder="name" value=${name} onInput=${(/** @type {any} */ event) => setName(event.target.value)}
          onKeyDown=${(/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter") { event.preventDefault(); if (name) save(); } }} />
        <button type="button" disabled=${!name} onClick=${save}>Save these values</button></div>`}
      <p class="muted" role="status">${said}</p>
      <${ErrorBox} error=${error} />
    </div>
  </details>`;
}
