// The steps of an episode, read page by page: what each agent did, what it got, and the return so far.
import { address, call } from "../api.js";
import { number } from "../format.js";

/** @typedef {{agent: string, action: any, reward: number | null, total: number, observation: any, ends: string}} Row */
/** One step: a row for each agent that acted. @typedef {{index: number, rows: Row[], reward: number, total: number, start?: any}} Step */

/** Bytes of a page and of all steps that a browser keeps. */
const PAGE_BYTES = 2e6;
const MOST_BYTES = 6e7;

/** Reads the steps of an episode, in order.
 * @param {string} run @param {any} episode @param {(steps: Step[], state: {done: boolean, cut: boolean}) => void} found
 * @param {AbortSignal} signal */
export async function readSteps(run, episode, found, signal) {
  /** @type {any[]} */
  const rows = [];
  let after = "-1";
  let limit = 50; // the first page tells how large they are
  let bytes = 0;
  for (;;) {
    const path = address(`/runs/${run}/episodes/${episode.id}/steps`, { after, limit });
    const page = (await call(path, { signal })).steps;
    const size = page.reduce((/** @type {number} */ sum, /** @type {any} */ row) => sum + weight(row), 0);
    bytes += size;
    rows.push(...page);
    const done = page.length < limit;
    const cut = !done && bytes > MOST_BYTES;
    found(group(rows, episode), { done, cut });
    if (done || cut) return;
    after = page[page.length - 1].id;
    limit = Math.max(10, Math.min(2000, Math.floor((PAGE_BYTES * page.length) / Math.max(1, size))));
  }
}

/** @param {any} row */
const weight = (row) => 200 + (row.observation?.length ?? 0) + (row.action?.length ?? 0);

/** Brings the rows of agents that acted at once together.
 * @param {any[]} rows @param {any} episode @returns {Step[]} */
export function group(rows, episode) {
  const several = !episode.agent_id && rows.some((row) => row.agent_id);
  const sorted = rows.slice().sort((one, other) => one.step_index - other.step_index);
  /** @type {Step[]} */
  const steps = [];
  /** @type {Record<string, number>} */
  const totals = {};
  let total = 0;
  for (const row of sorted) {
    let step = steps[steps.length - 1];
    if (!step || !several || step.index !== row.step_index) {
      step = { index: row.step_index, rows: [], reward: 0, total, start: parse(undefined) };
      steps.push(step);
    }
    const agent = several ? row.agent_id ?? "" : "";
    const reward = number(row.non_finite?.reward ?? row.reward);
    totals[agent] = (totals[agent] ?? 0) + (reward ?? 0);
    total += reward ?? 0;
    step.reward += reward ?? 0;
    step.total = total;
    if (row.extra?.reset_observation !== undefined && step.start === undefined) step.start = row.extra.reset_observation;
    step.rows.push({
      agent, reward, total: totals[agent], action: parse(row.action), observation: parse(row.observation),
      ends: row.terminated ? "terminated" : row.truncated ? "truncated" : "",
    });
  }
  return steps;
}

/** JSON as a worker printed it, which may have NaN and infinities.
 * @param {string | null | undefined} text */
export function parse(text) {
  if (text === null || text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    try {
      return JSON.parse(text.replace(/-?\b(?:NaN|Infinity)\b(?=(?:[^"]*"[^"]*")*[^"]*$)/g, '"$&"'));
    } catch {
      return text;
    }
  }
}
