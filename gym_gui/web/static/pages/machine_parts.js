// Parts of the pages about machines.

/** How much of a run is done, 0 to 1; one that has not completed is never whole. @param {any} run as lists have it, or alone */
export function shareOf(run) {
  if (run.state === "completed") return 1;
  const target = run.target ?? run.target_steps;
  return target ? Math.min(run.steps / target, 0.99) : 0;
}

/** Whether a machine is there. @param {any} machine
 * @returns {{name: string, glyph: string, colour: string}} */
export function standing(machine) {
  if (!machine.online) return { name: "silent", glyph: "✗", colour: "red" };
  return machine.draining ? { name: "draining", glyph: "…", colour: "amber" } : { name: "online", glyph: "✓", colour: "green" };
}
