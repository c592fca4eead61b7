// What a form holds: restored after a reload, checked by the server after every change.
import { useEffect, useRef, useState } from "../ui/html.js";
import { address, call } from "../api.js";

/** Milliseconds after the last key until the form is checked. */
const PAUSE = 80;

/** @typedef {Record<string, any>} Values */
/** @typedef {{problems: any[], configs: any[], command: {text: string, left_out: string[], variables: string[]}, defaults: Record<string, string>}} Check */

/** @param {any} spec */
export const fieldsOf = (spec) => spec.sections.flatMap((/** @type {any} */ section) => [...(section.fields ?? []), ...(section.advanced ?? [])]);

/** @param {string} worker */
export const pathOf = (worker) => `/workers/${encodeURIComponent(worker)}`;

/** The form of a worker, filled as a run if one is named, or as it was before the page was loaded again.
 * @param {string} worker @param {string} as the run's id, or "" @param {boolean} newSeed leave the run's seed out */
export function useForm(worker, as, newSeed) {
  const key = `launch ${worker} ${as} ${newSeed}`;
  const [spec, setSpec] = useState(/** @type {any} */ (null));
  const [values, setValues] = useState(/** @type {Values | null} */ (null));
  const [checked, setChecked] = useState(/** @type {Check | null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [turn, setTurn] = useState(0);
  const [environments, setEnvironments] = useState(/** @type {string[]} */ ([]));
  const first = useRef(true);

  useEffect(() => {
    let stopped = false;
    const stored = restore(key);
    const filled = stored ? Promise.resolve(stored) : as ? valuesOf(worker, as, newSeed) : Promise.resolve({});
    setError(null);
    Promise.all([call(`${pathOf(worker)}/form`), filled]).then(
      ([form, initial]) => { if (!stopped) { setSpec(form); setValues(initial); } },
      (fault) => { if (!stopped) setError(fault); },
    );
    return () => { stopped = true; };
  }, [key, turn]);

  useEffect(() => {
    // Only an offer: without an answer there is none.
    call(address("/runs", { q: `worker="${worker.replace(/["\\]/g, "\\$&")}"`, group_by: "env", limit: 100 })).then(
      (found) => setEnvironments(found.groups.flatMap((/** @type {any} */ group) => group.key.env ?? [])), () => {},
    );
  }, [worker]);

  useEffect(() => {
    if (!values || !spec) return undefined;
    store(key, spec, values);
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      first.current = false;
      try {
        const answer = await call(`${pathOf(worker)}/form`, { json: { values }, signal: stop.signal });
        if (!stop.signal.aborted) { setChecked(answer); setError(null); }
      } catch (fault) {
        if (!stop.signal.aborted) setError(fault);
      }
    }, first.current ? 0 : PAUSE);
    return () => { clearTimeout(timer); stop.abort(); };
  }, [values, spec, turn]);

  return {
    spec, values, checked, error,
    /** A field with what to offer: environments are those of the worker's runs, if it names none. */
    offering: (/** @type {any} */ field) => (field.suggest === "environments" && !field.suggestions?.length ? { ...field, suggestions: environments } : field),
    retry: () => setTurn(turn + 1),
    replace: (/** @type {Values} */ next) => setValues(next),
    /** Enters a value; undefined leaves the field untouched. */
    set: (/** @type {string} */ name, /** @type {any} */ value) => setValues((/** @type {any} */ before) => {
      const { [name]: _, ...others } = before;
      return value === undefined ? others : { ...others, [name]: value };
    }),
    check: async () => {
      const answer = /** @type {Check} */ (await call(`${pathOf(worker)}/form`, { json: { values } }));
      setChecked(answer);
      return answer;
    },
    forget: () => sessionStorage.removeItem(key),
  };
}

/** @param {string} worker @param {string} run @param {boolean} newSeed @returns {Promise<Values>} */
async function valuesOf(worker, run, newSeed) {
  const { values } = await call(`${pathOf(worker)}/form/${run}`);
  if (newSeed) delete values.seeds;
  return values;
}

/** @param {string} key @returns {Values | null} */
function restore(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}

/** Keeps what is entered, except secrets.
 * @param {string} key @param {any} spec @param {Values} values */
function store(key, spec, values) {
  const secret = new Set(fieldsOf(spec).filter((/** @type {any} */ field) => field.kind === "secret").map((/** @type {any} */ field) => field.name));
  try {
    sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(Object.entries(values).filter(([name]) => !secret.has(name)))));
  } catch {
    // The browser's storage is full or off: the form is lost on a reload, and nothing else.
  }
}
