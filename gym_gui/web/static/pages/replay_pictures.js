// The pictures of an episode as the server draws them: a window of them at a time, each an address of the browser's own.
import { address, ApiError } from "../api.js";

/** Pictures that are kept at a time. */
export const WINDOW = 1000;
const MAX_SIDE = 640;

/** @typedef {{source: string, steps: number, done: number, total: number, end: any, error: any, loading: boolean}} Progress */

export class Pictures {
  /** @param {string} run @param {string} episode @param {() => void} changed called when something has come */
  constructor(run, episode, changed) {
    this.path = `/runs/${run}/episodes/${episode}/replay`;
    this.changed = changed;
    /** @type {Map<number, string>} */
    this.urls = new Map();
    this.first = -1;
    /** @type {AbortController | null} */
    this.stop = null;
    /** @type {Progress} */
    this.progress = nothing();
  }

  /** Asks for the pictures around a place, unless they are there or on their way. @param {number} place */
  want(place) {
    const first = Math.floor(place / WINDOW) * WINDOW;
    if (first !== this.first) this.load(first);
  }

  /** @param {number} first */
  async load(first) {
    this.close();
    this.first = first;
    this.progress = { ...nothing(), loading: true };
    this.changed();
    const stop = new AbortController();
    this.stop = stop;
    try {
      await this.read(address(`/api/v1${this.path}`, { first, count: WINDOW, max_side: MAX_SIDE }), stop.signal);
    } catch (error) {
      if (stop.signal.aborted) return;
      this.progress = { ...this.progress, error: error instanceof ApiError ? error : new ApiError(0, {
        what: "the pictures stopped coming", why: "the connection was lost, or the web server was stopped", next: "try again",
      }) };
    }
    if (stop.signal.aborted) return;
    this.progress = { ...this.progress, loading: false };
    this.changed();
  }

  /** @param {string} url @param {AbortSignal} signal */
  async read(url, signal) {
    const response = await fetch(url, { credentials: "same-origin", signal });
    if (!response.ok || !response.body) {
      const parts = await response.json().then((body) => body.error, () => null);
      throw new ApiError(response.status, parts ?? { what: `the web server answered ${response.status}` });
    }
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    /** @type {string[]} */
    let begun = [];
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = value.split("\n");
      begun.push(lines[0]);
      if (lines.length === 1) continue;
      this.take(begun.join(""));
      for (const line of lines.slice(1, -1)) this.take(line);
      begun = [lines[lines.length - 1]];
      if (!signal.aborted) this.changed();
    }
  }

  /** @param {string} line */
  take(line) {
    if (!line) return;
    const update = JSON.parse(line);
    if (update.start) {
      this.forget();
      this.progress = { ...this.progress, source: update.start.source, steps: update.start.steps };
    } else if (update.frame) {
      const bytes = Uint8Array.from(atob(update.frame.data), (letter) => letter.charCodeAt(0));
      this.urls.set(update.frame.number, URL.createObjectURL(new Blob([bytes], { type: update.frame.media_type })));
    } else if (update.progress) this.progress = { ...this.progress, ...update.progress };
    else if (update.end) this.progress = { ...this.progress, end: update.end };
    else if (update.error) this.progress = { ...this.progress, error: new ApiError(0, update.error) };
  }

  /** The picture of a place; where there is none, the last one before it. @param {number} place */
  at(place) {
    for (let back = place; back >= Math.max(this.first, 0); back -= 1) {
      const url = this.urls.get(back);
      if (url) return { url, exact: back === place };
    }
    return null;
  }

  forget() {
    for (const url of this.urls.values()) URL.revokeObjectURL(url);
    this.urls.clear();
  }

  close() {
    this.stop?.abort();
    this.forget();
  }
}

/** @returns {Progress} */
const nothing = () => ({ source: "", steps: 0, done: 0, total: 0, end: null, error: null, loading: false });
