// How busy a machine was during the last hour: processors, memory, GPUs.
import { html, useMemo } from "../ui/html.js";
import { Chart } from "../ui/chart.js";
import { decimal, size } from "../format.js";
import { seriesLook } from "../session.js";

const MIB = 2 ** 20;
/** @type {{name: string, title: string, axis: string, words: (value: number) => string}[]} */
const SHOWN = [
  { name: "cpu_percent", title: "Processors", axis: "%", words: (value) => `${decimal(value)} %` },
  { name: "memory_used_mb", title: "Memory", axis: "MiB", words: (value) => size(value * MIB) },
  { name: "gpu_percent", title: "GPUs", axis: "%, mean of all", words: (value) => `${decimal(value)} %` },
];

/** @param {{id: string, history: any}} props */
export function Health({ id, history }) {
  const shown = SHOWN.filter(({ name }) => history?.[name]?.some((/** @type {number | null} */ value) => value !== null));
  if (shown.length === 0) return null;
  return html`<section aria-label="How busy it is"><h2>How busy it is <span class="muted">for up to an hour</span></h2>
    <div class="columns">${shown.map((each) => html`<${Usage} key=${each.name} id=${id} history=${history} ...${each} />`)}</div></section>`;
}

/** @param {{id: string, history: any, name: string, title: string, axis: string, words: (value: number) => string}} props */
function Usage({ id, history, name, title, axis, words }) {
  const lines = useMemo(() => {
    const places = history.at.map((/** @type {number} */ _, /** @type {number} */ index) => index).filter((/** @type {number} */ index) => history[name][index] !== null);
    const now = history.at[history.at.length - 1];
    const x = places.map((/** @type {number} */ index) => (history.at[index] - now) / 60);
    const y = places.map((/** @type {number} */ index) => history[name][index]);
    return [{ label: title, colour: seriesLook(0).colour, x, y }];
  }, [history]);
  const [{ y }] = lines;
  return html`<section class="pane" aria-label=${title}>
    <h2>${title} <span class="muted">${words(y[y.length - 1])} now · ${words(Math.max(...y))} at most</span></h2>
    ${y.length > 1 && html`<${Chart} lines=${lines} xLabel="minutes before the last heartbeat" yLabel=${axis} height=${160} sync="health" name=${`${id} ${title}`} />`}
  </section>`;
}
