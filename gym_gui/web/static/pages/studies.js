// The studies, and how far each is.
import { html, useEffect } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { ago } from "../format.js";
import { subscribe } from "../live.js";
import { follow } from "../url.js";
import { useLatest } from "../latest.js";
import { Bar, Standing, kindOf, percent } from "./study_parts.js";

export default function Studies() {
  const { found, error, look } = useLatest("/studies");
  // Runs of studies that change; the studies themselves are asked for then.
  useEffect(() => subscribe({ list: true, q: "study:*", limit: 1000 }, { list: look }), []);
  return html`<div onClick=${follow}>
    <h1>Studies</h1>
    <${ErrorBox} error=${error} retry=${look} />
    ${!found && !error && html`<p class="muted">loading …</p>`}
    ${found?.studies.length === 0 && html`<p class="empty">No studies yet. One config becomes many runs: <code>mosaic study create CONFIG --name NAME --split KEY=V1,V2 --seeds 1-4</code></p>`}
    ${found?.studies.length > 0 && html`<div class="scroll"><table class="stack">
      <thead><tr><th>study</th><th>kind</th><th class="right">assignments</th><th>states</th><th>progress</th><th class="right">created</th></tr></thead>
      <tbody>${found.studies.map((/** @type {any} */ study) => html`<tr key=${study.study_id}>
        <td><a href=${`/studies/${study.study_id}`}><bdi>${study.name}</bdi></a></td>
        <td data-label="kind"><span class="wrap">${kindOf(study)}</span></td>
        <td class="right" data-label="assignments">${study.total}</td>
        <td data-label="states">${Object.entries(study.counts).map(([state, number]) => html`<span key=${state}>${number} <${Standing} state=${state} /></span> `)}</td>
        <td data-label="progress"><span>${percent(study.progress)} <${Bar} share=${study.progress} label=${`Progress of ${study.name}`} /></span></td>
        <td class="right" data-label="created">${ago(study.created_at)}</td></tr>`)}</tbody>
    </table></div>`}
  </div>`;
}
