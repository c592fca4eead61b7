// The workers that can start a run, those that are broken, and those that can be installed right here.
import { html } from "../ui/html.js";
import { ErrorBox } from "../ui/error.js";
import { MachineBar, useMachines } from "../ui/machine_bar.js";
import { follow } from "../url.js";
import { WorkerCards, useWorkers } from "./worker_cards.js";

export default function Launch() {
  const { found, error, load } = useWorkers();
  const { report } = useMachines();
  if (error) return html`<${ErrorBox} error=${error} retry=${load} />`;
  if (!found) return html`<p class="muted">loading …</p>`;
  return html`<div onClick=${follow}>
    <${MachineBar} report=${report} />
    <h1>Start a run of which worker?</h1>
    <${WorkerCards} found=${found} />
  </div>`;
}
