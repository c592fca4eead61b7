// The run's files: a tree of folders, downloads, and pictures, videos and texts shown beside it.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { Scroll } from "../ui/scroll.js";
import { address, call } from "../api.js";
import { moment, size } from "../format.js";
import { change, parameters } from "../url.js";

const TEXT_BYTES = 65536;

/** @param {{run: any}} props */
export function Files({ run }) {
  const folder = parameters.value.get("path") ?? "";
  const shown = parameters.value.get("file");
  const [listing, setListing] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    const stop = new AbortController();
    call(address(`/runs/${run.run_id}/files`, { path: folder }), { signal: stop.signal }).then(
      (found) => { setListing(found); setError(null); }, (fault) => { if (!stop.signal.aborted) setError(fault); });
    return () => stop.abort();
  }, [run.run_id, folder, run.state]);
  const link = (/** @type {string} */ path) => `/api/v1${address(`/runs/${run.run_id}/file`, { path })}`;
  const parts = folder.split("/").filter(Boolean);
  return html`<div>
    <p><button type="button" class="quiet" onClick=${() => change({ path: null, file: null })}>run</button>
      ${parts.map((part, index) => html` / <button type="button" class="quiet" onClick=${() => change({ path: parts.slice(0, index + 1).join("/"), file: null })}><bdi>${part}</bdi></button>`)}</p>
    <${ErrorBox} error=${error} />
    ${listing && listing.entries.length === 0 && html`<p class="empty">No files.</p>`}
    <div class="scroll"><table><thead><tr><th>name</th><th class="right">size</th><th>type</th><th class="right">modified</th><th></th></tr></thead>
      <tbody>${listing?.entries.map((/** @type {any} */ each) => {
        const name = each.path.split("/").pop();
        const kind = viewer(each.media_type);
        return html`<tr key=${each.path} class=${each.path === shown ? "selected" : ""}>
          <td>${each.kind === "folder" ? html`<button type="button" class="quiet" onClick=${() => change({ path: each.path, file: null })}><bdi>${name}/</bdi></button>` : html`<bdi>${name}</bdi>`}</td>
          <td class="right">${each.kind === "file" ? size(each.bytes) : ""}</td><td class="muted">${each.kind === "file" ? each.media_type : each.kind}</td><td class="right">${moment(each.modified_at)}</td>
          <td>${each.kind === "file" && html`<a href=${link(each.path)} download=${name}>download</a> ${kind && html`<button type="button" class="quiet" onClick=${() => change({ file: each.path === shown ? null : each.path })}>show</button>`}`}</td></tr>`;
      })}</tbody></table></div>
    ${listing?.truncated && html`<p class="muted">There are more; the first 10,000 are shown.</p>`}
    ${shown && html`<${Preview} path=${shown} href=${link(shown)} kind=${viewer(listing?.entries.find((/** @type {any} */ each) => each.path === shown)?.media_type ?? "")} />`}
  </div>`;
}

/** @param {{path: string, href: string, kind: string}} props */
function Preview({ path, href, kind }) {
  const [text, setText] = useState("");
  useEffect(() => {
    setText("");
    if (kind !== "text") return;
    fetch(href, { headers: { range: `bytes=0-${TEXT_BYTES - 1}` } }).then(async (response) => setText(response.ok ? await response.text() : "cannot be read"));
  }, [href, kind]);
  if (kind === "image") return html`<p><img src=${href} alt=${path} style=${{ maxWidth: "100%" }} /></p>`;
  if (kind === "video") return html`<p><video src=${href} controls style=${{ maxWidth: "100%" }} aria-label=${path}></video></p>`;
  return kind === "text" ? html`<${Scroll} tag="pre" label=${path} style=${{ marginTop: "12px" }}>${text}${text.length >= TEXT_BYTES ? "\n… (the first 64 KiB)" : ""}<//>` : null;
}

/** @param {string} media */
function viewer(media) {
  if (/^image\/(png|jpeg|gif|webp)$/.test(media)) return "image";
  if (/^video\/(mp4|webm)$/.test(media)) return "video";
  return media.startsWith("text/plain") || media === "application/json" || media === "text/csv" ? "text" : "";
}
