// Lines of a run's logs: of one stream, or of both outputs in one time order.
import { address, call } from "../api.js";

const MOST = 2000;
/** So far behind, what lies between is left out: the button for earlier lines reads it. */
const FAR_BYTES = 1 << 18;
export const BOTH = "both";
const OUTPUTS = ["output", "stderr"];

/** The last lines, or those from an offset on: a page of each stream.
 * @param {string} path @param {any} asked @param {string} at @param {AbortSignal} [signal] @returns {Promise<any[]>} */
export const firstPages = (path, asked, at, signal) =>
  Promise.all((asked.stream === BOTH ? OUTPUTS : [asked.stream]).map((stream) => read(path, { ...asked, stream, after: asked.stream === BOTH ? "" : at }, signal)));

/** The pages with the lines that have come since; of a worker that prints faster than a page reads, the last ones.
 * @param {string} path @param {any} asked @param {any[]} pages */
export const laterPages = (path, asked, pages) => Promise.all(pages.map(async (page) => {
  const of = { ...asked, stream: page.stream };
  const more = await read(path, { ...of, after: page.end });
  return more.size - more.end > FAR_BYTES ? read(path, of) : joined(page, more);
}));

/** The pages with the lines from an offset on that were not shown yet.
 * @param {string} path @param {any} asked @param {any} page */
export const nextPage = async (path, asked, page) => joined(page, await read(path, { ...asked, stream: page.stream, after: page.end }));

/** The pages with the lines before the first one that is shown.
 * @param {string} path @param {any} asked @param {any[]} pages */
export async function earlierPages(path, asked, pages) {
  const latest = pages.reduce((one, other) => (began(other) > began(one) ? other : one));
  const found = await read(path, { ...asked, stream: latest.stream, before: latest.start });
  const lines = [...found.lines, ...latest.lines];
  const kept = lines.slice(0, MOST); // the last ones are read again where they are wanted
  const page = { ...latest, lines: kept, start: found.start, end: kept.length < lines.length ? kept[kept.length - 1].offset : latest.end };
  return pages.map((each) => (each === latest ? page : each));
}

/** What is shown: with both outputs, from where on the lines of both are known; a line without a time stays behind the
 * one before it. @param {any[]} pages @returns {any[]} */
export function shownLines(pages) {
  if (pages.length === 1) return pages[0].lines;
  const since = Math.max(...pages.map(began));
  const timed = pages.flatMap((page) => {
    let now = page.lines.find((/** @type {any} */ line) => line.time !== null)?.time ?? Infinity;
    return page.lines.map((/** @type {any} */ line) => ({ line, time: now = Math.max(now, line.time ?? now) }));
  });
  return timed.filter(({ time }) => time >= since).sort((one, other) => one.time - other.time || 0).map(({ line }) => line);
}

/** When a page begins that has something before it. @param {any} page */
const began = (page) => (page.start > 0 ? page.lines.find((/** @type {any} */ line) => line.time !== null)?.time ?? -Infinity : -Infinity);

/** @param {string} path @param {any} asked @param {AbortSignal} [signal] */
async function read(path, asked, signal) {
  const page = await call(address(path, asked), signal ? { signal } : undefined);
  for (const line of page.lines) line.stream = asked.stream;
  return { ...page, stream: asked.stream };
}

/** A page and the lines that came after it; a line that had no end is there once.
 * @param {any} page @param {any} more */
function joined(page, more) {
  const offsets = new Set(more.lines.map((/** @type {any} */ line) => line.offset));
  const lines = [...page.lines.filter((/** @type {any} */ line) => !offsets.has(line.offset)), ...more.lines];
  return { ...more, lines: lines.slice(-MOST), start: lines.length > MOST ? lines[lines.length - MOST].offset : page.start };
}
