// Calls of the HTTP interface, and their errors in four parts.

/** @typedef {{what: string, where?: string, why?: string, next?: string, problems?: Problem[]}} Parts */
/** @typedef {{path: string, message: string, value?: unknown, allowed?: string, nearest?: string | null}} Problem */

export class ApiError extends Error {
  /** @param {number} status @param {Parts} parts */
  constructor(status, parts) {
    super(parts.what);
    this.status = status;
    this.parts = parts;
  }
}

/** @type {(() => void)[]} */
const onUnauthorized = [];

/** Calls a function whenever the server refuses the token.
 * @param {() => void} act */
export const whenUnauthorized = (act) => onUnauthorized.push(act);

/** @param {string} path @param {RequestInit & {json?: unknown}} [options] @returns {Promise<any>} */
export async function call(path, options = {}) {
  const { json, ...init } = options;
  if (json !== undefined) {
    init.body = JSON.stringify(json);
    init.headers = { "content-type": "application/json" };
    init.method ??= "POST";
  }
  let response;
  try {
    response = await fetch(`/api/v1${path}`, { credentials: "same-origin", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError(0, {
      what: "the web server does not answer",
      where: location.host,
      why: "it was stopped, or the connection is lost",
      next: "start it again: mosaic web",
    });
  }
  if (response.status === 204) return null;
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = null;
  }
  if (response.ok) return body;
  if (response.status === 401) for (const act of onUnauthorized) act();
  throw new ApiError(response.status, body?.error ?? { what: `the web server answered ${response.status}` });
}

/** An address with parameters; empty ones are left out.
 * @param {string} path @param {Record<string, unknown>} parameters */
export function address(path, parameters) {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== "" && value !== null && value !== undefined && value !== false) query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `${path}?${text}` : path;
}
