// Pictures of one multipart response, one after the other; the next one is read once this one was taken.
import { ApiError } from "./api.js";

/** @typedef {{jpeg: Blob, age: number, cost: number, size: string}} Picture */

const HEAD_END = [13, 10, 13, 10];

/** Reads pictures until the response ends or is aborted.
 * @param {string} url @param {AbortSignal} signal @param {(picture: Picture) => Promise<void>} take
 * @returns {Promise<void>} */
export async function readPictures(url, signal, take) {
  const response = await fetch(url, { credentials: "same-origin", signal });
  if (!response.ok || !response.body) {
    const body = await response.json().catch(() => null);
    throw new ApiError(response.status, body?.error ?? { what: `the web server answered ${response.status}` });
  }
  const reader = response.body.getReader();
  let held = new Uint8Array(0);
  for (;;) {
    let newest = null;
    for (let part = nextPart(held); part; part = nextPart(held)) {
      newest = part.picture;
      held = held.slice(part.end);
    }
    if (newest) await take(newest);
    const { done, value } = await reader.read();
    if (done || signal.aborted) return;
    const joined = new Uint8Array(held.length + value.length);
    joined.set(held);
    joined.set(value, held.length);
    held = joined;
  }
}

/** @param {Uint8Array} bytes @returns {{picture: Picture, end: number} | null} the first whole part */
function nextPart(bytes) {
  const at = bytes.findIndex((_, index) => HEAD_END.every((value, offset) => bytes[index + offset] === value));
  if (at < 0) return null;
  const head = new TextDecoder().decode(bytes.subarray(0, at));
  const value = (/** @type {string} */ name) => new RegExp(`^${name}: *(.*)$`, "im").exec(head)?.[1].trim() ?? "";
  const begin = at + HEAD_END.length;
  const end = begin + Number(value("content-length")) + 2;
  if (bytes.length < end) return null;
  const jpeg = new Blob([bytes.slice(begin, end - 2)], { type: "image/jpeg" });
  return { picture: { jpeg, age: Number(value("x-age")), cost: Number(value("x-cost")), size: value("x-size") }, end };
}
