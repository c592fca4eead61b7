// A worker's capabilities in words.

/** @param {Record<string, any>} able @returns {[string, string][]} names and what there is of each */
export function capabilities(able) {
  const list = (/** @type {string[] | undefined} */ words) => (words ?? []).map((word) => word.replaceAll("_", " ")).join(", ");
  const found = [
    ["environments", list(able.env_families)],
    ["actions", list(able.action_spaces)],
    ["observations", list(able.observation_spaces)],
    ["agents", able.max_agents > 1 ? `up to ${able.max_agents}, ${list(able.supported_paradigms)}` : "1"],
    ["GPU", able.requires_gpu ? "needs one" : able.supports_gpu ? "uses one if there is one" : "none"],
    ["checkpoints", able.supports_checkpointing ? (able.exact_resume ? "yes, and resumes exactly" : "yes") : "none"],
    ["same seed", { exact: "exactly the same episodes on the CPU", seeded: "the same distribution" }[/** @type {string} */ (able.determinism)] ?? "no promise"],
  ];
  return /** @type {[string, string][]} */ (found.filter(([, words]) => words));
}
