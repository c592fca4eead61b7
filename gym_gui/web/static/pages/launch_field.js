// One field of a form: its label, the input that suits it, its unit, its help, what is wrong with it.
import { classes, html } from "../ui/html.js";

/** @typedef {{field: any, value: any, placeholder: string, problems: any[], set: (name: string, value: any) => void}} FieldProps */
/** @typedef {FieldProps & {attributes: Record<string, any>}} InputProps */

/** @param {string} name */
export const idOf = (name) => `field-${name}`;

/** @param {FieldProps} props */
export function FormField(props) {
  const { field, value, problems, set } = props;
  const id = idOf(field.name);
  const touched = value !== undefined;
  const described = problems.length || field.note || field.help;
  const attributes = {
    id, "aria-invalid": problems.length ? "true" : undefined, "aria-describedby": described ? `${id}-help` : undefined,
    "aria-required": field.required ? "true" : undefined,
  };
  const Input = INPUTS[field.kind] ?? Line;
  const group = field.kind === "multi";
  return html`<div class=${classes("field", field.kind === "switch" && !field.nullable && "switch", problems.length > 0 && "wrong")} role=${group ? "group" : undefined} aria-labelledby=${group ? `${id}-label` : undefined}>
    <label id=${`${id}-label`} for=${group ? undefined : id} class=${touched && "touched"}>${field.label}</label>
    <div class="entry">
      <${Input} ...${props} attributes=${attributes} />
      ${field.unit && html`<span class="muted">${field.unit}</span>`}
      ${field.nullable && field.default !== null && value !== null && !SELECTS.includes(field.kind) && html`<button type="button" class="quiet" aria-label=${`${field.label}: null`} title="Send null" onClick=${() => set(field.name, null)}>null</button>`}
      ${touched && html`<button type="button" class="quiet" aria-label=${`${field.label}: back to the default`} title="Back to the default" onClick=${() => set(field.name, undefined)}>↺</button>`}
    </div>
    <div class="hint" id=${`${id}-help`}>
      ${problems.map((problem) => html`<div class="red">${problem.message}${problem.allowed && `; allowed: ${problem.allowed}`}
        ${problem.nearest && html`; did you mean <button type="button" class="quiet" onClick=${() => set(field.name, problem.nearest)}>${problem.nearest}</button>?`}</div>`)}
      ${field.note && html`<div>${field.note}</div>`}
      ${field.help && html`<div class="muted">${field.help}</div>`}
    </div>
  </div>`;
}

/** A line of text, as it is typed.
 * @param {InputProps} props */
function Line({ field, value, placeholder, set, attributes }) {
  const numeric = field.kind === "number" || field.kind === "integer";
  const list = field.suggestions?.length ? `${attributes.id}-list` : undefined;
  // Empty is the default, unless empty text is something else than the default.
  const cleared = (field.kind === "text" || field.kind === "path") && typeof field.default === "string" && field.default ? "" : undefined;
  const text = textOf(value);
  const step = (/** @type {any} */ event) => {
    const up = event.key === "ArrowUp";
    if (!numeric || !field.step || !(up || event.key === "ArrowDown")) return;
    const from = Number(text || field.default || 0);
    if (!Number.isFinite(from)) return;
    event.preventDefault();
    const next = from + (up ? field.step : -field.step);
    set(field.name, String(Math.min(Math.max(next, field.minimum ?? -Infinity), field.maximum ?? Infinity)));
  };
  return html`<input ...${attributes} type=${field.kind === "secret" ? "password" : "text"} value=${text} list=${list}
      class=${classes(numeric && placeholder.length < 16 && "short")} autocomplete="off" spellcheck=${false} inputmode=${field.kind === "integer" ? "numeric" : numeric ? "decimal" : undefined}
      placeholder=${value === "" ? "empty text" : placeholder} onKeyDown=${step}
      onInput=${(/** @type {any} */ event) => set(field.name, event.target.value === "" ? cleared : event.target.value)} />
    ${list && html`<datalist id=${list}>${field.suggestions.map((/** @type {any} */ each) => html`<option value=${textOf(each)} />`)}</datalist>`}`;
}

/** Several lines: notes, JSON.
 * @param {InputProps} props */
function Lines({ field, value, placeholder, set, attributes }) {
  const text = field.kind === "json" && typeof value === "object" && value !== null ? JSON.stringify(value, null, 1) : textOf(value);
  return html`<textarea ...${attributes} class=${classes(field.kind === "json" && "mono")} rows=${Math.min(Math.max(text.split("\n").length, field.kind === "json" ? 1 : 2), 12)}
    placeholder=${placeholder} spellcheck=${field.kind !== "json"} onInput=${(/** @type {any} */ event) => set(field.name, event.target.value === "" ? undefined : event.target.value)}>${text}</textarea>`;
}

/** @param {InputProps} props */
function Text(props) {
  return props.field.multiline ? Lines(props) : Line(props);
}

/** @param {InputProps} props */
function Choice({ field, value, placeholder, set, attributes }) {
  const choices = [...field.choices, ...(field.nullable && field.default !== null ? [null] : [])];
  const at = choices.findIndex((choice) => same(choice, value));
  // What is no choice, from a preset or a run, is shown all the same.
  const shown = value === undefined || at >= 0 || (value === null && field.default === null) ? choices : [...choices, value];
  const selected = value === undefined || (value === null && field.default === null) ? "" : String(at < 0 ? shown.length - 1 : at);
  return html`<select ...${attributes} value=${selected} onChange=${(/** @type {any} */ event) => set(field.name, event.target.value === "" ? undefined : shown[Number(event.target.value)])}>
    <option value="">${placeholder || "choose"}</option>
    ${shown.map((choice, index) => html`<option value=${String(index)}>${choice === null ? "null" : textOf(choice)}</option>`)}
  </select>`;
}

/** On or off; a list of both where null is possible, too.
 * @param {InputProps} props */
function Switch(props) {
  const { field, value, set, attributes } = props;
  if (field.nullable || typeof field.default !== "boolean" || (value !== undefined && typeof value !== "boolean")) {
    return Choice({ ...props, field: { ...field, choices: [true, false] } });
  }
  return html`<input ...${attributes} type="checkbox" checked=${value ?? field.default} onChange=${(/** @type {any} */ event) => set(field.name, event.target.checked)} />`;
}

/** @param {InputProps} props */
function Multi({ field, value, set, attributes }) {
  const given = value ?? field.default ?? [];
  const on = Array.isArray(given) ? given : [given];
  return html`<div id=${attributes.id} tabindex="-1" aria-describedby=${attributes["aria-describedby"]}>
    ${field.choices.map((/** @type {any} */ choice) => html`<label class="option"><input type="checkbox" checked=${on.some((each) => same(each, choice))}
      onChange=${(/** @type {any} */ event) => set(field.name, event.target.checked ? [...on, choice] : on.filter((each) => !same(each, choice)))} /> ${textOf(choice)}</label>`)}
  </div>`;
}

/** @type {Record<string, any>} */
const INPUTS = { text: Text, json: Lines, choice: Choice, switch: Switch, multi: Multi };
const SELECTS = ["choice", "switch"];

/** A value as it is typed; lists of plain entries with commas.
 * @param {any} value @returns {string} */
function textOf(value) {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value) && value.length && value.every((each) => typeof each === "number" || (typeof each === "string" && /^[^\s,"[\]{}][^,"]*$/.test(each)))) return value.join(", ");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** @param {any} one @param {any} other */
const same = (one, other) => other !== undefined && (JSON.stringify(one) === JSON.stringify(other) || (one !== null && String(one) === other));
