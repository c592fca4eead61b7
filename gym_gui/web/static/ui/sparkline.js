// A learning curve in a table's cell: one path, no axes.
import { html } from "./html.js";

const WIDTH = 96;
const HEIGHT = 20;

/** @param {{values: number[], colour: string, low?: number[], high?: number[]}} props */
export function Sparkline({ values, colour, low, high }) {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return html`<svg class="spark" width=${WIDTH} height=${HEIGHT} aria-hidden="true"></svg>`;
  const all = low && high ? [...finite, ...low, ...high].filter(Number.isFinite) : finite;
  const bottom = Math.min(...all);
  const span = Math.max(...all) - bottom || 1;
  const x = (/** @type {number} */ index) => ((index / (values.length - 1)) * (WIDTH - 2) + 1).toFixed(1);
  const y = (/** @type {number} */ value) => (HEIGHT - 2 - ((value - bottom) / span) * (HEIGHT - 4)).toFixed(1);
  const points = (/** @type {number[]} */ list) => list.map((value, index) => `${x(index)} ${y(value)}`);
  return html`<svg class="spark" width=${WIDTH} height=${HEIGHT} viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
    ${low && high && html`<path d=${`M${[...points(high), ...points(low).reverse()].join("L")}Z`} fill=${colour} opacity="0.2" />`}
    <path d=${`M${points(values).join("L")}`} fill="none" stroke=${colour} stroke-width="1.25" />
  </svg>`;
}
