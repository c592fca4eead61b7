// What can be done to several runs at once.
import { html, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { address, call } from "../api.js";
import { may } from "../session.js";

/** @param {{ids: string[], clear: () => void, done: () => void}} props */
export function BulkBar({ ids, clear, done }) {
  const [asked, setAsked] = useState("");
  const [tag, setTag] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const each = async (/** @type {(id: string) => Promise<any>} */ act) => {
    setBusy(true);
    setError(null);
    let fault = null;
    for (const id of ids) {
      try {
        await act(id);
      } catch (caught) {
        fault = caught;
      }
    }
    setBusy(false);
    setAsked("");
    setError(fault);
    done();
  };
  const acts = {
    cancel: { text: "Cancel them", act: (/** @type {string} */ id) => call(`/runs/${id}/cancel`, { json: {} }) },
    delete: { text: "Delete them for good", act: (/** @type {string} */ id) => call(`/runs/${id}`, { method: "DELETE" }) },
  };
  const confirm = acts[/** @type {"cancel" | "delete"} */ (asked)];
  return html`<div class="bar pane" role="group" aria-label="Selected runs">
    <strong>${ids.length} selected</strong>
    <a class="button" href=${address("/compare", { runs: ids.join(",") })}>Compare</a>
    ${may("run") && html`
      <button type="button" disabled=${busy} onClick=${() => each((id) => call(`/runs/${id}`, { method: "PATCH", json: { starred: true } }))}>Star</button>
      <form class="bar" style=${{ margin: 0 }} onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); if (tag) each((id) => call(`/runs/${id}`, { method: "PATCH", json: { add_tags: [tag] } })); setTag(""); }}>
        <input aria-label="Tag to add" placeholder="tag" size="10" value=${tag} onInput=${(/** @type {any} */ event) => setTag(event.target.value)} /><button type="submit" disabled=${busy || !tag}>Add tag</button></form>
      <button type="button" disabled=${busy} onClick=${() => each((id) => call(`/runs/${id}/pause`, { json: {} }))}>Pause</button>
      <button type="button" disabled=${busy} onClick=${() => each((id) => call(`/runs/${id}/unpause`, { method: "POST" }))}>Continue</button>
      <button type="button" disabled=${busy} onClick=${() => setAsked("cancel")}>Cancel …</button>`}
    ${may("admin") && html`<button type="button" class="danger" disabled=${busy} onClick=${() => setAsked("delete")}>Delete …</button>`}
    ${confirm && html`<span>${ids.length} run${ids.length === 1 ? "" : "s"}:</span>
      <button type="button" class="danger" disabled=${busy} onClick=${() => each(confirm.act)}>${confirm.text}</button>
      <button type="button" onClick=${() => setAsked("")}>No</button>`}
    <button type="button" class="quiet" onClick=${clear}>Select none</button>
    <${ErrorBox} error=${error} />
  </div>`;
}
