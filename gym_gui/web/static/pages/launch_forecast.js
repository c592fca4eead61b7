// Whether what the form holds would start now, or what it would wait for; up to date while the form is open.
import { html, useEffect, useState } from "../ui/html.js";
import { call } from "../api.js";
import { may } from "../session.js";

/** Milliseconds between two looks, and after the last change of the form. */
const EVERY = 3000;
const PAUSE = 300;

/** @param {{checked: any}} props */
export function Forecast({ checked }) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [fault, setFault] = useState(/** @type {any} */ (null));
  const valid = checked.problems.length === 0;
  const text = valid ? JSON.stringify(checked.configs) : "";
  useEffect(() => {
    setFound(null);
    setFault(null);
    if (!text || !may("run")) return undefined;
    const stop = new AbortController();
    const look = async () => {
      if (document.hidden) return;
      try {
        const answer = await call("/forecast", { method: "POST", body: `{"configs":${text}}`, headers: { "content-type": "application/json" }, signal: stop.signal });
        setFound(answer);
        setFault(null);
      } catch (error) {
        if (!stop.signal.aborted) { setFound(null); setFault(error); }
      }
    };
    const first = setTimeout(look, PAUSE);
    const timer = setInterval(look, EVERY);
    return () => { stop.abort(); clearTimeout(first); clearInterval(timer); };
  }, [text]);
  if (!may("run")) return null;
  if (!valid) return html`<p class="forecast muted" role="status">Correct the fields that are marked to see when it would start.</p>`;
  if (fault) return html`<p class="forecast red" role="status">✗ ${fault.parts?.what ?? fault.message}${fault.parts?.problems?.length ? `: ${fault.parts.problems.map((/** @type {any} */ each) => `${each.path} ${each.message}`).join("; ")}` : ""}</p>`;
  if (!found) return html`<p class="forecast muted" role="status">When would it start? …</p>`;
  const starts = found.forecasts.every((/** @type {any} */ each) => each.starts);
  const waiting = found.forecasts.find((/** @type {any} */ each) => !each.starts);
  const holders = [...new Set((waiting?.waits_for ?? []).flatMap((/** @type {any} */ each) => Object.keys(each.holders)))].filter((id) => /^[0-9A-Z]{26}$/.test(id));
  return html`<div class=${`forecast ${starts ? "green" : "amber"}`} role="status">
    <strong>${starts ? "● " : "◌ "}${capital(found.sentence.replace(/; held by [^;]*/, ""))}</strong>
    ${holders.length > 0 && html`<div class="muted">Held by ${holders.slice(0, 4).map((id, index) => html`${index ? ", " : ""}<a href=${`/runs/${id}`}>run …${id.slice(-6)}</a>`)}${holders.length > 4 && ` and ${holders.length - 4} more`}</div>`}
  </div>`;
}

/** @param {string} text */
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
