// The form of a worker: what is entered, what is wrong with it, what it makes, and the start.
import { html, useEffect, useRef, useState } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { useKeys } from "../ui/keys.js";
import { visible } from "../ui/text.js";
import { call } from "../api.js";
import { may } from "../session.js";
import { follow, go, parameters } from "../url.js";
import { DryRun, useDryRun } from "./launch_dry_run.js";
import { FormField, idOf } from "./launch_field.js";
import { Forecast } from "./launch_forecast.js";
import { PresetMenu } from "./launch_presets.js";
import { Preview } from "./launch_preview.js";
import { fieldsOf, useForm } from "./launch_state.js";

/** @param {{name: string}} props */
export default function LaunchForm({ name }) {
  const worker = decoded(name);
  const as = parameters.value.get("as") ?? "";
  const form = useForm(worker, as, parameters.value.get("seed") === "new");
  const { spec, values, checked } = form;
  const page = useRef(/** @type {HTMLFormElement | null} */ (null));
  const start = useStart(form, page);
  const dry = useDryRun(form, worker);
  const ready = Boolean(spec && values && checked);
  useEffect(() => {
    if (ready && [document.body, document.getElementById("main")].includes(/** @type {HTMLElement} */ (document.activeElement))) /** @type {HTMLElement | null} */ (page.current?.querySelector(".field input"))?.focus({ preventScroll: true });
  }, [ready]);
  const fault = start.error ?? form.error;
  const said = useRef(/** @type {HTMLElement | null} */ (null));
  // What a button of the bar has said stands above the fields, where a form that is scrolled down does not show it.
  useEffect(() => { if ((fault && !start.problems.length) || dry.job || dry.error) said.current?.scrollIntoView({ block: "nearest" }); }, [fault, dry.job?.job_id, dry.job?.state, dry.error]);
  useKeys({ Escape: { about: "all workers", act: () => go("/launch") } }, []);
  useEffect(() => { if (spec) document.title = `${visible(spec.title)} · MOSAIC`; }, [spec]);
  if (!spec || !values || !checked) {
    return form.error ? html`<div onClick=${follow}><${ErrorBox} error=${form.error} retry=${form.retry} /><a href="/launch">All workers</a></div>` : html`<p class="muted">loading …</p>`;
  }
  const problems = [...checked.problems, ...start.problems];
  const rest = problems.filter((problem) => !(problem.field in checked.defaults));
  const count = checked.configs.length;
  const secrets = fieldsOf(spec).filter((/** @type {any} */ field) => field.kind === "secret").map((/** @type {any} */ field) => values[field.name]).filter((/** @type {any} */ value) => typeof value === "string");
  const submit = (/** @type {Event} */ event) => { event.preventDefault(); start.act(); };
  const keys = (/** @type {KeyboardEvent} */ event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) submit(event); };
  return html`<form ref=${page} class="launch" noValidate onSubmit=${submit} onKeyDown=${keys} onClick=${follow} aria-label=${spec.title}>
    <div class="bar head">
      <h1>${spec.title}</h1><span class="muted wide">${as ? html`as run <a href=${`/runs/${as}`}><code>${as}</code></a>` : spec.about}</span>
      <span class="push"></span>
      <span role="status" class="red">${problems.length > 0 && `${problems.length} problem${problems.length === 1 ? "" : "s"}`}</span>
      <${PresetMenu} worker=${worker} values=${values} apply=${form.replace} />
      <button type="button" onClick=${() => { form.replace({}); start.clear(); }} disabled=${Object.keys(values).length === 0}>Clear</button>
      ${may("run") && html`<button type="button" disabled=${dry.busy || problems.length > 0} title="Let the worker check this without starting anything" onClick=${dry.act}>${dry.busy ? "Dry run …" : "Dry run"}</button>`}
      ${may("run") && html`<button type="submit" class="primary" disabled=${start.busy}>${start.busy ? start.progress : count > 1 ? `Start ${count} runs` : "Start"}</button>`}
    </div>
    <${Forecast} checked=${checked} />
    <div ref=${said} class="said"><${ErrorBox} error=${fault} /><${DryRun} dry=${dry} checked=${checked} /></div>
    ${rest.length > 0 && html`<div class="error" role="alert">${rest.map((problem) => html`<div><code>${problem.path}</code> ${problem.message}${problem.allowed && `; allowed: ${problem.allowed}`}</div>`)}</div>`}
    <div class="sides">
      <div>${spec.sections.map((/** @type {any} */ section) => html`<${Section} key=${section.id} section=${section} form=${form} problems=${problems} changed=${start.clear} />`)}</div>
      <${Preview} checked=${checked} secrets=${secrets} />
    </div>
  </form>`;
}

/** @param {{section: any, form: any, problems: any[], changed: () => void}} props */
function Section({ section, form, problems, changed }) {
  const { values, checked } = form;
  const applying = (/** @type {any[] | undefined} */ fields) => (fields ?? []).filter((field) => field.name in checked.defaults);
  const fields = applying(section.fields);
  const advanced = applying(section.advanced);
  const set = (/** @type {string} */ name, /** @type {any} */ value) => { changed(); form.set(name, value); };
  const row = (/** @type {any} */ field) => html`<${FormField} key=${field.name} field=${form.offering(field)} value=${values[field.name]} placeholder=${checked.defaults[field.name].replace(/^default: empty$/, "")}
    problems=${problems.filter((problem) => problem.field === field.name)} set=${set} />`;
  const open = advanced.some((field) => field.name in values || problems.some((problem) => problem.field === field.name));
  if (!fields.length && !advanced.length) return null;
  return html`<section aria-label=${section.title}>
    <h2>${section.title}</h2>
    ${fields.map(row)}
    ${advanced.length > 0 && html`<details open=${open || undefined}><summary>${fields.length ? "Advanced" : "Show"} (${advanced.length})</summary>${advanced.map(row)}</details>`}
  </section>`;
}

/** Submits what the form holds, one run after another; after a fault the next try goes on where it stopped.
 * @param {any} form @param {{current: HTMLFormElement | null}} page */
function useStart(form, page) {
  const [busy, setBusy] = useState(false);
  const [progress, setProgress] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const [problems, setProblems] = useState(/** @type {any[]} */ ([]));
  const begun = useRef({ text: "", group: "", ids: /** @type {string[]} */ ([]) });
  const clear = () => { setError(null); setProblems([]); };
  const show = (/** @type {any[]} */ found) => {
    const input = found.map((problem) => document.getElementById(idOf(problem.field))).find(Boolean);
    for (let part = input?.parentElement; part && part !== page.current; part = part.parentElement) {
      if (part instanceof HTMLDetailsElement) part.open = true;
    }
    input?.focus();
  };
  const act = async () => {
    if (busy || !may("run")) return;
    setBusy(true);
    setProgress("Starting …");
    clear();
    try {
      const { problems: found, configs } = await form.check();
      if (found.length) return show(found);
      const text = JSON.stringify(configs);
      if (begun.current.text !== text) begun.current = { text, group: configs.length > 1 ? `g${Date.now().toString(16)}` : "", ids: [] };
      const { group, ids } = begun.current;
      for (const config of configs.slice(ids.length)) {
        setProgress(`Starting ${ids.length + 1} of ${configs.length} …`);
        ids.push((await call("/runs", { json: { config, group } })).run_id);
      }
      form.forget();
      go(group ? `/?q=${encodeURIComponent(`group:${group}`)}&group=none` : `/runs/${ids[0]}`);
    } catch (fault) {
      const named = fieldProblems(form.spec, /** @type {any} */ (fault).parts?.problems ?? []);
      setError(fault);
      setProblems(named);
      show(named);
    } finally {
      setBusy(false);
    }
  };
  return { act, busy, progress, error, problems, clear };
}

/** The daemon's problems with the fields that they belong to.
 * @param {any} spec @param {any[]} problems */
function fieldProblems(spec, problems) {
  const fields = fieldsOf(spec).sort((/** @type {any} */ one, /** @type {any} */ other) => other.path.length - one.path.length);
  return problems.flatMap((problem) => {
    const field = fields.find((/** @type {any} */ each) => each.path.length && (problem.path === each.path.join(".") || problem.path.startsWith(`${each.path.join(".")}.`) || problem.path.startsWith(`${each.path.join(".")}[`)));
    return field ? [{ ...problem, field: field.name }] : [];
  });
}

/** @param {string} name */
function decoded(name) {
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
