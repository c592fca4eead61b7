// What several runs become: their centre and their spread, in two clicks.
import { html } from "./html.js";
import { CENTRES, SPREADS } from "../statistics.js";
import { change, parameters } from "../url.js";

/** The statistic that the address names.
 * @returns {{centre: import("../statistics.js").Centre, spread: import("../statistics.js").Spread}} */
export function statistic() {
  const [centre, spread] = (parameters.value.get("stat") ?? "").split(".");
  return {
    centre: CENTRES.find(([name]) => name === centre)?.[0] ?? "mean",
    spread: SPREADS.find(([name]) => name === spread)?.[0] ?? "std",
  };
}

export function StatisticChoice() {
  const { centre, spread } = statistic();
  const choose = (/** @type {string} */ one, /** @type {string} */ other) => change({ stat: one === "mean" && other === "std" ? null : `${one}.${other}` });
  return html`<span class="choice"><select aria-label="Centre of several runs" value=${centre} onChange=${(/** @type {any} */ event) => choose(event.target.value, spread)}>
      ${CENTRES.map(([value, name]) => html`<option value=${value}>${name}</option>`)}</select>
    <select aria-label="Band around it" title="Bootstrap: 95 % percentile interval of the centre over resampled runs, within each environment"
      value=${spread} onChange=${(/** @type {any} */ event) => choose(centre, event.target.value)}>
      ${SPREADS.map(([value, name]) => html`<option value=${value}>${name}</option>`)}</select></span>`;
}
