// A drawing with a pointer: what scatter plots and parallel coordinates share. It can be saved as a picture.
import { html, useEffect, useRef, useState } from "./html.js";
import { SvgContext } from "./chart_svg.js";
import { save } from "./save.js";
import { visible } from "./text.js";

/** @typedef {{text: string, line: string, muted: string, accent: string, background: string}} Colours */
/** @typedef {(context: any, width: number, height: number, colours: Colours) => void} Draw */

/** @param {{draw: Draw, height: number, label: string, name: string, onHover: (x: number, y: number, width: number) => string,
 *    onBrush: (from: [number, number], to: [number, number], width: number) => void, onPick: (x: number, y: number, width: number) => void}} props */
export function Plane({ draw, height, label, name, onHover, onBrush, onPick }) {
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const caption = useRef(/** @type {HTMLElement | null} */ (null));
  const began = useRef(/** @type {[number, number] | null} */ (null));
  const [width, setWidth] = useState(0);
  const [dragged, setDragged] = useState(/** @type {[number, number] | null} */ (null));
  useEffect(() => {
    const element = canvas.current?.parentElement;
    if (!element) return undefined;
    const observer = new ResizeObserver(() => setWidth(element.clientWidth));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const again = useThemeTurn();
  useEffect(() => {
    const element = canvas.current;
    const context = element?.getContext("2d");
    if (!element || !context || !width) return;
    element.width = width * devicePixelRatio;
    element.height = height * devicePixelRatio;
    context.scale(devicePixelRatio, devicePixelRatio);
    draw(context, width, height, colours());
  }, [draw, width, height, again]);
  const place = (/** @type {PointerEvent} */ event) => /** @type {[number, number]} */ ([event.offsetX, event.offsetY]);
  const down = (/** @type {PointerEvent} */ event) => { began.current = place(event); };
  const move = (/** @type {PointerEvent} */ event) => {
    if (began.current) setDragged(place(event));
    else if (caption.current) caption.current.textContent = visible(onHover(...place(event), width)) || "\u00a0";
  };
  const up = (/** @type {PointerEvent} */ event) => {
    const [from, to] = [began.current, place(event)];
    began.current = null;
    setDragged(null);
    if (!from) return;
    if (Math.abs(from[0] - to[0]) + Math.abs(from[1] - to[1]) < 6) onPick(...to, width);
    else onBrush(from, to, width);
  };
  const picture = (/** @type {string} */ kind) => {
    if (kind === "png") canvas.current?.toBlob((blob) => blob && save(`${name}.png`, blob));
    else {
      const context = new SvgContext(width, height);
      draw(context, width, height, colours());
      save(`${name}.svg`, new Blob([context.document(label)], { type: "image/svg+xml" }));
    }
  };
  const box = began.current && dragged ? { left: `${Math.min(began.current[0], dragged[0])}px`, top: `${Math.min(began.current[1], dragged[1])}px`,
    width: `${Math.abs(began.current[0] - dragged[0])}px`, height: `${Math.abs(began.current[1] - dragged[1])}px` } : null;
  return html`<figure class="chart"><div class="plane">
      <canvas ref=${canvas} role="img" aria-label=${label} style=${{ width: "100%", height: `${height}px` }} onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerLeave=${() => { began.current = null; setDragged(null); }}></canvas>
      ${box && html`<div class="brush" style=${box}></div>`}</div>
    <figcaption><span ref=${caption} class="readout muted" aria-hidden="true"> </span>
      <span class="save"><button type="button" class="quiet" onClick=${() => picture("png")}>PNG</button><button type="button" class="quiet" onClick=${() => picture("svg")}>SVG</button></span></figcaption>
  </figure>`;
}

/** @returns {Colours} */
function colours() {
  const styles = getComputedStyle(document.documentElement);
  const of = (/** @type {string} */ name) => styles.getPropertyValue(`--${name}`).trim();
  return { text: of("text"), line: of("line"), muted: of("muted"), accent: of("accent"), background: of("background") };
}

function useThemeTurn() {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const changed = () => setTurn((old) => old + 1);
    addEventListener("themechange", changed);
    return () => removeEventListener("themechange", changed);
  }, []);
  return turn;
}
