// An error in its four parts, with what to do next.
import { html } from "./html.js";

/** @param {{error: any, retry?: () => void}} props */
export function ErrorBox({ error, retry }) {
  if (!error) return null;
  const parts = error.parts ?? { what: String(error.message ?? error) };
  return html`<div class="error" role="alert">
    <strong>${parts.what}</strong>
    ${parts.where && html`<div><span class="muted">where</span> ${parts.where}</div>`}
    ${parts.why && html`<div><span class="muted">why</span> ${parts.why}</div>`}
    ${parts.problems?.map(
      (/** @type {any} */ problem) => html`<div class="problem">
        <code>${problem.path}</code> ${problem.message}${problem.nearest && html`; did you mean <code>${problem.nearest}</code>?`}
        ${problem.allowed && html`<div class="muted">allowed: ${problem.allowed}</div>`}
      </div>`,
    )}
    ${parts.next && html`<div><span class="muted">next</span> ${parts.next}</div>`}
    ${retry && html`<button type="button" onClick=${retry}>Try again</button>`}
  </div>`;
}
