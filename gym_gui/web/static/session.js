// Who one is, and what looks alike everywhere: states, colours of curves, fields of queries.
import { signal } from "./ui/html.js";
import { ApiError, call, whenUnauthorized } from "./api.js";

/** @type {import("./vendor/signals.js").Signal<any>} */
export const me = signal(null);
/** @type {import("./vendor/signals.js").Signal<any>} */
export const problem = signal(null);
whenUnauthorized(() => {
  problem.value ??= new ApiError(401, { what: "the token is missing or wrong" });
  me.value = null;
});

/** Logs in with the token in the address, if there is one, and takes it out of the address. */
export async function begin() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) {
    history.replaceState(null, "", location.pathname + location.search);
    await enter(token);
    return;
  }
  await load();
}

/** @param {string} token */
export async function enter(token) {
  try {
    await call("/login", { json: { token } });
  } catch (error) {
    problem.value = error;
    return;
  }
  await load();
}

export async function leave() {
  try {
    await call("/logout", { method: "POST" });
  } catch (error) {
    problem.value = error;
    return;
  }
  await load();
}

async function load() {
  try {
    me.value = await call("/me");
    problem.value = null;
  } catch (error) {
    problem.value = error instanceof ApiError ? error : new ApiError(0, { what: String(error) });
  }
}

/** @param {string} role */
export const may = (role) => ["read", "run", "admin"].indexOf(me.value?.role) >= ["read", "run", "admin"].indexOf(role);

/** Look of the curve of a run: the same everywhere and for ever.
 * @param {number} sequence @returns {{colour: string, dash: number[]}} */
export function seriesLook(sequence) {
  const looks = me.value?.series ?? [{ colour: "#0072B2", dash: [] }];
  return looks[sequence % looks.length];
}
