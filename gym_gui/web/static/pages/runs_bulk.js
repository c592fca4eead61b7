// What can be done to several runs at once.
import { html, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { address, call } from "../api.js";
import { may } from "../session.js";
import { shortId } from "../url.js";

/** @param {{ends: string[], rows: import("./runs_columns.js").Row[], compare: string, clear: () => void, done: () => void}} props ends: of ids */
export function BulkBar({ ends, rows, compare, clear, done }) {
  const [asked, setAsked] = useState("");
  const [tag, setTag] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const each = async (/** @type {(id: string) => Promise<any>} */ act) => {
    setBusy(true);
    setError(null);
    let fault = null;
    try {
      for (const id of await wholeIds(ends, rows)) {
        try {
          await act(id);
        } catch (caught) {
          fault = caught;
        }
      }
    } catch (caught) {
      fault = caught;
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
    <strong>${ends.length} selected</strong>
    <a class="button" href=${compare}>Compare</a>
    ${may("run") && html`
      <button type="button" disabled=${busy} onClick=${() => each((id) => call(`/runs/${id}`, { method: "PATCH", json: { starred: true } }))}>Star</button>
      <form class="bar" style=${{ margin: 0 }} onSubmit=${(/** @type {Event} */ event) => { event.preventDefault(); if (tag) each((id) => call(`/runs/${id}`, { method: "PATCH", json: { add_tags: [tag] } })); setTag(""); }}>
        <input aria-label="Tag to add" placeholder="tag" size="10" value=${tag} onInput=${(/** @type {any} */ event) => setTag(event.target.value)} /><button type="submit" disabled=${busy || !tag}>Add tag</button></form>
      <button type="button" disabled=${busy} onClick=${() => each((id) => call(`/runs/${id}/pause`, { json: {} }))}>Pause</button>
      <button type="button" disabled=${busy} onClick=${() => each((id) => call(`/runs/${id}/unpause`, { method: "POST" }))}>Continue</button>
      <button type="button" disabled=${busy} onClick=${() => setAsked("cancel")}>Cancel …</button>`}
    ${may("admin") && html`<button type="button" class="danger" disabled=${busy} onClick=${() => setAsked("delete")}>Delete …</button>`}
    ${confirm && html`<span>${ends.length} run${ends.length === 1 ? "" : "s"}:</span>
      <button type="button" class="danger" disabled=${busy} onClick=${() => each(confirm.act)}>${confirm.text}</button>
      <button type="button" onClick=${() => setAsked("")}>No</button>`}
    <button type="button" class="quiet" onClick=${clear}>Select none</button>
    <${ErrorBox} error=${error} />
  </div>`;
}

/** The whole ids of selected runs, which may not be on the page.
 * @param {string[]} ends @param {import("./runs_columns.js").Row[]} rows @returns {Promise<string[]>} */
async function wholeIds(ends, rows) {
  const known = new Map(rows.flatMap((row) => row.ids).map((id) => [shortId(id), id]));
  const missing = ends.filter((end) => !known.has(end));
  for (let start = 0; start < missing.length; start += 50) {
    const { runs } = await call(address("/runs", { q: `id:${missing.slice(start, start + 50).join(",")}`, limit: 1000 }));
    for (const run of runs) known.set(shortId(run.id), run.id);
  }
  return ends.flatMap((end) => known.get(end) ?? []);
}
