// Parallel coordinates: a line for each run through its settings and results. Dragging along an axis selects runs.
import { html, useCallback, useMemo } from "../ui/html.js";
import { Plane } from "../ui/plane.js";
import { axisOf } from "../ui/plane_axis.js";
import { change, parameters } from "../url.js";
import { brushText, rangesOf, valuesOf } from "./compare_data.js";
import { colours, fields, shown, title } from "./compare_scatter.js";

const HEIGHT = 380;
const [SIDE, TOP, BOTTOM] = [64, 40, 16];
const AT_FIRST = 6;

/** @param {{page: any, keyOf: ((run: any) => string) | null, picked: Set<string>}} props */
export function CompareParallel({ page, keyOf, picked }) {
  const get = (/** @type {string} */ name) => parameters.value.get(name) ?? "";
  const names = fields(page);
  const log = get("plog").split(",").filter(Boolean);
  const chosen = get("dims").split(",").filter((name) => names.some(([each]) => each === name));
  const dims = chosen.length > 1 ? chosen : [...names.map(([name]) => name).filter((name) => name.startsWith("config.") && name !== "config.seed").slice(0, AT_FIRST), "steps", "return"];
  const key = `${dims.join()} ${log.join()}`;
  const axes = useMemo(() => dims.map((name) => axisOf(valuesOf(page, name), log.includes(name))), [page, key]);
  const colour = useMemo(() => colours(page, keyOf), [page, keyOf]);
  const ranges = rangesOf(get("brush"));
  const across = (/** @type {number} */ dim, /** @type {number} */ width) => SIDE + (dim * (width - 2 * SIDE)) / (dims.length - 1);
  const height = (/** @type {number} */ share) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  const draw = useCallback((/** @type {any} */ context, /** @type {number} */ width, /** @type {number} */ _, /** @type {any} */ look) => {
    context.clearRect?.(0, 0, width, HEIGHT);
    context.setLineDash([]);
    /** @type {{run: any, index: number}[]} */
    const drawn = page.runs.map((/** @type {any} */ run, /** @type {number} */ index) => ({ run, index }));
    const faint = (/** @type {any} */ run) => picked.size > 0 && !picked.has(run.id);
    for (const { run, index } of [...drawn.filter(({ run }) => faint(run)), ...drawn.filter(({ run }) => !faint(run))]) {
      context.strokeStyle = faint(run) ? `${look.muted}22` : `${colour(run)}${drawn.length > 100 ? "66" : "bb"}`;
      context.lineWidth = picked.has(run.id) ? 1.5 : 1;
      context.beginPath();
      let open = false;
      axes.forEach((axis, dim) => { // a missing value is a gap
        const value = axis.value(index);
        if (Number.isNaN(value)) open = false;
        else if (open) context.lineTo(across(dim, width), height(axis.at(value)));
        else {
          context.moveTo(across(dim, width), height(axis.at(value)));
          open = true;
        }
      });
      context.stroke();
    }
    context.font = "12px system-ui";
    axes.forEach((axis, dim) => {
      const left = across(dim, width);
      context.strokeStyle = look.muted;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(left, TOP);
      context.lineTo(left, HEIGHT - BOTTOM);
      context.stroke();
      context.fillStyle = look.text;
      context.textAlign = dim === 0 ? "left" : dim === axes.length - 1 ? "right" : "center";
      context.textBaseline = "bottom";
      context.fillText(title(names, dims[dim]).slice(-22), dim === 0 ? 4 : dim === axes.length - 1 ? width - 4 : left, TOP - 14 + (dim % 2) * 10);
      context.textAlign = "right";
      context.textBaseline = "middle";
      context.fillStyle = look.muted;
      for (const { at, label } of axis.ticks) context.fillText(label, left - 4, height(at));
      const range = ranges.find(([name]) => name === dims[dim]);
      if (!range) return;
      const ends = [range[1], range[2]].map((value) => Math.min(Math.max(axis.at(value), 0), 1)).map((share) => height(Number.isNaN(share) ? 0 : share));
      context.fillStyle = `${look.accent}55`;
      context.fillRect(left - 5, Math.min(...ends), 10, Math.abs(ends[0] - ends[1]));
    });
  }, [page, axes, picked, colour, get("brush")]);
  const dimAt = (/** @type {number} */ left, /** @type {number} */ width) => Math.max(0, Math.min(dims.length - 1, Math.round(((left - SIDE) / (width - 2 * SIDE)) * (dims.length - 1))));
  const share = (/** @type {number} */ top) => (HEIGHT - BOTTOM - top) / (HEIGHT - TOP - BOTTOM);
  const brush = (/** @type {[number, number]} */ from, /** @type {[number, number]} */ to, /** @type {number} */ width) => {
    const dim = dimAt(from[0], width);
    const [low, high] = [axes[dim].back(share(Math.max(from[1], to[1]))), axes[dim].back(share(Math.min(from[1], to[1])))];
    change({ brush: brushText([...ranges.filter(([name]) => name !== dims[dim]), [dims[dim], low, high]]) });
  };
  const hover = (/** @type {number} */ left, /** @type {number} */ top, /** @type {number} */ width) => {
    const dim = dimAt(left, width);
    const values = valuesOf(page, dims[dim]);
    let found = { far: 10, text: "" };
    page.runs.forEach((/** @type {any} */ run, /** @type {number} */ index) => {
      const far = Math.abs(height(axes[dim].at(axes[dim].value(index))) - top);
      if (far < found.far) found = { far, text: `${title(names, dims[dim])}: ${shown(values[index])}  ·  ${run.name}` };
    });
    return found.text;
  };
  const flip = (/** @type {string} */ name) => { const next = dims.includes(name) ? dims.filter((each) => each !== name) : [...dims, name]; if (next.length > 1) change({ dims: next.join(",") }); };
  const flipLog = (/** @type {string} */ name) => change({ plog: (log.includes(name) ? log.filter((each) => each !== name) : [...log, name]).join(",") });
  return html`<div>
    <div class="bar"><details class="menu"><summary class="button">Axes</summary><div class="pane">
        ${names.map(([name, text]) => html`<div class="bar"><label class="grow"><input type="checkbox" checked=${dims.includes(name)} onChange=${() => flip(name)} /> ${text}</label>
          <label><input type="checkbox" aria-label=${`logarithmic ${text}`} checked=${log.includes(name)} onChange=${() => flipLog(name)} /> log</label></div>`)}</div></details>
      <span class="muted">drag along an axis to select runs, click it to undo that</span></div>
    <${Plane} draw=${draw} height=${HEIGHT} label=${`Parallel coordinates: ${dims.map((name) => title(names, name)).join(", ")}`} name="parallel" onHover=${hover} onBrush=${brush}
      onPick=${(/** @type {number} */ left, /** @type {number} */ _, /** @type {number} */ width) => change({ brush: brushText(ranges.filter(([name]) => name !== dims[dimAt(left, width)])) })} />
  </div>`;
}
