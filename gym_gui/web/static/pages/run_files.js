// The run's files: a tree of folders, downloads, and pictures, videos and texts shown beside it.
import { html, useEffect, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { Scroll } from "../ui/scroll.js";
import { address, call } from "../api.js";
import { moment, size } from "../format.js";
import { change, parameters } from "../url.js";

const TEXT_BYTES = 65536;
/** Bytes of a picture: it is decoded as a whole, a video is not. */
const LARGEST_IMAGE = 32 * 1024 * 1024;

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
  const entry = shown && listing?.entries.find((/** @type {any} */ each) => each.path === shown);
  const parts = folder.split("/").filter(Boolean);
  return html`<div>
    <p><button type="button" class="quiet" onClick=${() => change({ path: null, file: null })}>run</button>
      ${parts.map((part, index) => html` / <button type="button" class="quiet" onClick=${() => change({ path: parts.slice(0, index + 1).join("/"), file: null })}><bdi>${part}</bdi></button>`)}</p>
    <${ErrorBox} error=${error} />
    ${entry && html`<${Preview} key=${shown} entry=${entry} href=${link(entry.path)} close=${() => change({ file: null })} />`}
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
  </div>`;
}

/** @param {{entry: any, href: string, close: () => void}} props */
function Preview({ entry, href, close }) {
  const kind = viewer(entry.media_type);
  const [text, setText] = useState("");
  const [fault, setFault] = useState("");
  const large = kind === "image" && entry.bytes > LARGEST_IMAGE;
  useEffect(() => {
    if (kind !== "text") return;
    fetch(href, { headers: { range: `bytes=0-${TEXT_BYTES - 1}` } }).then(async (response) => {
      if (response.ok) setText(await response.text());
      else if (entry.bytes) setFault(`the web server answered ${response.status}`);
    }, () => setFault("the web server does not answer"));
  }, [href, kind, entry.bytes]);
  const broken = () => setFault("the browser cannot show it: it is damaged, still being written, or of a kind that the browser does not know");
  return html`<section class="pane preview-file" aria-label="Preview">
    <div class="bar"><strong><bdi>${entry.path.split("/").pop()}</bdi></strong><span class="muted">${size(entry.bytes)}</span>
      <a href=${href} download=${entry.path.split("/").pop()}>download</a><span class="grow"></span><button type="button" onClick=${close}>Close</button></div>
    ${large && html`<p class="muted">Too large to show: ${size(entry.bytes)}, and pictures are shown up to ${size(LARGEST_IMAGE)}.</p>`}
    ${fault && html`<p class="red">${fault}</p>`}
    ${kind === "image" && !large && !fault && html`<img src=${href} alt=${entry.path} onError=${broken} />`}
    ${kind === "video" && !fault && html`<video src=${href} controls preload="metadata" aria-label=${entry.path} onError=${broken}></video>`}
    ${kind === "text" && !fault && html`<${Scroll} tag="pre" label=${entry.path}>${text}<//>${entry.bytes > TEXT_BYTES && html`<p class="muted">The first ${size(TEXT_BYTES)} of ${size(entry.bytes)}: download it to read the rest.</p>`}`}
  </section>`;
}

/** @param {string} media */
function viewer(media) {
  if (/^image\/(png|jpeg|gif|webp)$/.test(media)) return "image";
  if (/^video\/(mp4|webm)$/.test(media)) return "video";
  return media.startsWith("text/plain") || media === "application/json" || media === "text/csv" ? "text" : "";
}
