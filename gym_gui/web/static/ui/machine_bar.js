// The daemon's machine in one line: what is taken of slots, cores, memory, GPUs and disk.
import { html, useEffect, useState } from "./html.js";
import { call } from "../api.js";
import { size } from "../format.js";

/** Milliseconds between two looks. */
const EVERY = 3000;

/** The machines, looked at again and again while the page is shown.
 * @returns {{report: any, error: any}} */
export function useMachines() {
  const [report, setReport] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  useEffect(() => {
    const stop = new AbortController();
    const look = () => document.hidden || call("/machines", { signal: stop.signal }).then(
      (found) => { setReport(found); setError(null); }, (fault) => { if (!stop.signal.aborted) setError(fault); });
    look();
    const timer = setInterval(look, EVERY);
    return () => { stop.abort(); clearInterval(timer); };
  }, []);
  return { report, error };
}

/** @param {{report: any}} props */
export function MachineBar({ report }) {
  const here = report?.machines.find((/** @type {any} */ each) => each.name === "");
  if (!here?.measured) return null;
  const { measured } = here;
  const parts = [
    ["running", `${here.slots_taken} of ${here.slots} slots`, here.slots_taken / here.slots],
    ["queued", String(report.queued), null],
    ["CPU", `${measured.cpu_share === null ? "…" : `${Math.round(measured.cpu_share * 100)} %`} of ${here.cpus} cores`, measured.cpu_share],
    ["memory", `${size(measured.memory_used_bytes)} of ${size(measured.memory_bytes)}`, measured.memory_used_bytes / measured.memory_bytes],
    ...(here.gpus.length ? [["GPUs", `${here.gpus_taken.length} of ${here.gpus.length} taken`, here.gpus_taken.length / here.gpus.length]] : []),
    ["disk", html`${size(measured.disk_free_bytes)} free${measured.disk_low && html` <strong class="red">✗ nearly full: nothing is started</strong>`}`, 1 - measured.disk_free_bytes / measured.disk_bytes],
  ];
  return html`<dl class="machine-bar" aria-label="The daemon's machine">${parts.map(([name, text, share]) => html`<div>
    <dt>${name}</dt><dd>${text} ${share !== null && html`<progress max="1" value=${share} aria-label=${name}></progress>`}</dd></div>`)}</dl>`;
}
