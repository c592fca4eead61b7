// A region that scrolls by itself; the keyboard reaches it where there is something to scroll and nothing else to reach.
import { html, useEffect, useRef } from "./html.js";
import { visible } from "./text.js";

const STOPS = "a[href], button, input, select, textarea, summary, [tabindex]";

/** @param {{label: string, children?: any, tag?: string, name?: string, style?: Record<string, string>}} props */
export function Scroll({ label, children, tag = "div", name = tag === "div" ? "scroll" : "", style }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const look = () => {
      const needed = (element.scrollWidth > element.clientWidth || element.scrollHeight > element.clientHeight) && !element.querySelector(STOPS);
      if (needed) {
        element.tabIndex = 0;
        element.setAttribute("role", "region");
        element.setAttribute("aria-label", visible(label));
      } else for (const attribute of ["tabindex", "role", "aria-label"]) element.removeAttribute(attribute);
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    if (element.firstElementChild) observer.observe(element.firstElementChild);
    look();
    return () => observer.disconnect();
  });
  return html`<${tag} ref=${box} class=${name || undefined} style=${style}>${children}<//>`;
}
