// What would be submitted: the run config, and the command that does the same.
import { html, useState } from "../ui/html.js";
import { Copy } from "../ui/copy.js";

/** Secrets shorter than this are words of the config, too. */
const SHORTEST = 4;

/** @param {{checked: any, secrets: string[]}} props */
export function Preview({ checked, secrets }) {
  const [chosen, setChosen] = useState(0);
  const { configs, command } = checked;
  const at = Math.min(chosen, configs.length - 1);
  const text = JSON.stringify(configs[at], null, 2);
  return html`<aside class="preview" aria-label="What is submitted">
    <div class="bar"><h2>Command</h2><span class="push"></span><${Copy} text=${command.text} label="Copy the command" /></div>
    <pre class="wrap" data-part="command">${command.text}</pre>
    ${command.variables.length > 0 && html`<p class="muted">Secrets are not in it: your shell must have ${command.variables.join(", ")}.</p>`}
    ${command.left_out.length > 0 && html`<p class="muted">It has no option for ${command.left_out.join(", ")}: save the run config as a file, and start it with <code>mosaic run FILE</code>.</p>`}
    <div class="bar"><h2>Run config</h2>
      ${configs.length > 1 && html`<select aria-label="Run" value=${String(at)} onChange=${(/** @type {any} */ event) => setChosen(Number(event.target.value))}>
        ${configs.map((/** @type {any} */ _, /** @type {number} */ index) => html`<option value=${String(index)}>${index + 1} of ${configs.length}</option>`)}</select>`}
      <span class="push"></span><${Copy} text=${text} label="Copy the run config" /></div>
    <pre data-part="config" tabindex="0" role="region" aria-label="The run config as JSON">${hidden(text, secrets)}</pre>
  </aside>`;
}

/** @param {string} text @param {string[]} secrets */
const hidden = (text, secrets) => secrets.filter((secret) => secret.length >= SHORTEST).reduce((shown, secret) => shown.replaceAll(secret, "••••"), text);
