// Fingers on a chart: two zoom, one moves what is zoomed, and without a zoom leads the cursor; up and down scrolls the page.

/** @typedef {import("./chart_range.js").Range} Range */
/** What a chart is asked and told: the range that it shows, all that there is (null: not known), whether x is logarithmic;
 * `show` draws a range while fingers move, `keep` takes the last one, null for all.
 * @typedef {{shown: () => Range, whole: () => Range | null, zoomed: () => boolean, logX: () => boolean, show: (range: Range) => void, keep: (range: Range | null) => void}} View */

/** Fingers nearer to each other than this, in pixels, say nothing of a range. */
const NEAR = 10;
/** Milliseconds between the two taps of a double tap at most, and pixels that a finger may move in a tap. */
const DOUBLE_MS = 350;
const TAP = 8;

/** @param {any} plot of uPlot @param {View} view */
export function followFingers(plot, view) {
  const over = /** @type {HTMLElement} */ (plot.over);
  /** Where each finger is, in pixels from the left. @type {Map<number, number>} */
  const fingers = new Map();
  /** The range when the number of fingers changed last, and where they were. */
  let start = { range: /** @type {Range} */ ([0, 1]), at: /** @type {number[]} */ ([]) };
  /** @type {Range | null} */
  let drawn = null;
  let moved = 0;
  let tapped = -Infinity;
  const scaled = (/** @type {Range} */ [low, high]) => (view.logX() ? [Math.log10(low), Math.log10(high)] : [low, high]);
  const unscaled = (/** @type {number[]} */ [low, high]) => /** @type {Range} */ (view.logX() ? [10 ** low, 10 ** high] : [low, high]);
  const place = (/** @type {PointerEvent} */ event) => event.clientX - over.getBoundingClientRect().left;
  const begin = () => { start = { range: drawn ?? view.shown(), at: [...fingers.values()] }; };

  over.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" || fingers.size === 2) return;
    if (!fingers.size) moved = 0;
    fingers.set(event.pointerId, place(event));
    over.setPointerCapture(event.pointerId);
    begin();
  });
  over.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (before === undefined) return;
    moved += Math.abs(place(event) - before);
    fingers.set(event.pointerId, place(event));
    const range = under([...fingers.values()]);
    if (range) view.show(drawn = range);
    else if (fingers.size === 1) plot.setCursor({ left: place(event), top: event.clientY - over.getBoundingClientRect().top });
  });
  for (const name of ["pointerup", "pointercancel"]) {
    over.addEventListener(name, (event) => {
      const pointer = /** @type {PointerEvent} */ (event);
      if (!fingers.delete(pointer.pointerId)) return;
      begin();
      if (fingers.size) return;
      if (drawn) view.keep(isWhole(drawn) ? null : drawn);
      else if (name === "pointerup" && moved < TAP) {
        if (event.timeStamp - tapped < DOUBLE_MS) view.keep(null);
        tapped = event.timeStamp;
      }
      drawn = null;
    });
  }

  /** The range that puts what was under the fingers under them again; null: they change nothing.
   * @param {number[]} now @returns {Range | null} */
  function under(now) {
    const width = over.clientWidth;
    let [low, high] = scaled(start.range);
    const perPixel = (high - low) / width;
    if (now.length === 1) {
      if (!drawn && !view.zoomed()) return null;
      [low, high] = [low, high].map((value) => value - (now[0] - start.at[0]) * perPixel);
      return unscaled(within([low, high]));
    }
    const [one, other] = start.at;
    if (Math.abs(now[1] - now[0]) < NEAR || Math.abs(other - one) < NEAR || (now[1] > now[0]) !== (other > one)) return null;
    const each = (perPixel * (other - one)) / (now[1] - now[0]);
    const left = low + one * perPixel - now[0] * each;
    return left + width * each > left ? unscaled(within([left, left + width * each])) : null;
  }

  /** The same length of the axis, as far as it goes within all that there is. @param {number[]} range */
  function within([low, high]) {
    const whole = view.whole();
    if (!whole) return [low, high];
    const [first, last] = scaled(whole);
    if (high - low >= last - first) return [first, last];
    const shift = low < first ? first - low : high > last ? last - high : 0;
    return [low + shift, high + shift];
  }

  /** @param {Range} range */
  function isWhole(range) {
    const whole = view.whole();
    return whole !== null && range[0] <= whole[0] && range[1] >= whole[1];
  }
}
