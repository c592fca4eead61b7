// Parts of the pages about studies: counts as tiles, the standing of an assignment, what was split.
import { classes, html } from "../ui/html.js";
import { me } from "../session.js";

/** States of assignments, in their order, and the states of runs that they look like. @type {Record<string, string>} */
const LOOKS = { pending: "queued", running: "running", completed: "completed", failed: "failed", cancelled: "cancelled", missing: "lost" };
const ALWAYS = ["pending", "running", "completed", "failed"];

/** @param {{study: any}} props */
export function Tiles({ study }) {
  const shown = Object.keys(LOOKS).filter((name) => ALWAYS.includes(name) || study.counts[name]);
  return html`<dl class="tiles" aria-label="Assignments">
    <div class="tile"><dt>assignments</dt><dd>${study.total}</dd></div>
    ${shown.map((name) => html`<div class="tile" key=${name}><dt><${Standing} state=${name} /></dt><dd>${study.counts[name] ?? 0}</dd></div>`)}
    <div class="tile grow"><dt>progress</dt><dd>${percent(study.progress)} <${Bar} share=${study.progress} label=${`Progress of ${study.name}`} /></dd></div>
  </dl>`;
}

/** The state of an assignment or of one of its runs. @param {{state: string, cause?: string}} props */
export function Standing({ state, cause }) {
  const look = me.value?.states?.[LOOKS[state] ?? state];
  return html`<span class=${classes("state", look?.colour)} title=${cause}><span aria-hidden="true">${look?.glyph ?? "?"}</span> ${state}</span>`;
}

/** @param {{share: number, label: string}} props */
export const Bar = ({ share, label }) => html`<progress max="1" value=${share} aria-label=${label}></progress>`;

/** What is whole is 100 %, and nothing else. @param {number} share */
export const percent = (share) => `${share >= 1 ? 100 : Math.min(Math.round(share * 1000) / 10, 99.9)} %`;

/** @param {{split: Record<string, unknown>}} props */
export function Split({ split }) {
  return html`<span class="wrap">${Object.entries(split).map(([key, value]) => html`<code key=${key}>${key}=${typeof value === "string" ? value : JSON.stringify(value)}</code> `)}</span>`;
}

/** How a study was made, in words. @param {any} study */
export const kindOf = (study) => (study.command ? `command ${study.command}` : study.worker ? `worker ${study.worker}` : "run config");
