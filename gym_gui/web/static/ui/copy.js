// A button that copies a text.
import { html, useEffect, useState } from "./html.js";

/** @param {{text: string, label?: string}} props */
export function Copy({ text, label = "Copy" }) {
  const [said, setSaid] = useState("");
  useEffect(() => {
    const timer = said ? setTimeout(() => setSaid(""), 1500) : undefined;
    return () => clearTimeout(timer);
  }, [said]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied");
    } catch {
      setSaid("The browser does not allow it");
    }
  };
  return html`<button type="button" aria-live="polite" onClick=${copy}>${said || label}</button>`;
}
