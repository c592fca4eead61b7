"""Names of the installed executors, from entry points and without importing them."""

from __future__ import annotations

from dataclasses import dataclass

EXECUTOR_ENTRY_POINT_GROUP = "mosaic.executors"
#: MOSAIC's own executor, the default of runs.
LOCAL_EXECUTOR = "local"
#: MOSAIC's own for machines that poll for work.
AGENT_EXECUTOR = "agent"
#: MOSAIC's own for programs that claim their runs themselves, by HTTP.
CLAIM_EXECUTOR = "claim"
#: MOSAIC's own for nodes of a Ray cluster; it is there if ``ray`` is installed.
RAY_EXECUTOR = "ray"
#: MOSAIC's own for jobs of Slurm; it is there if ``submitit`` is installed.
SLURM_EXECUTOR = "slurm"
#: Those of them whose workers run on other machines, where programs and interpreters are found.
REMOTE_EXECUTORS = frozenset({AGENT_EXECUTOR, CLAIM_EXECUTOR, RAY_EXECUTOR})


@dataclass(frozen=True)
class ExecutorEntry:
    """One entry point of the group ``mosaic.executors``.

    Args:
        name: The name in a run config's ``executor``.
        target: Module and class, e.g. ``"my_package.executor:MyExecutor"``.
        package: The installed distribution that it comes from.
    """

    name: str
    target: str
    package: str


#: MOSAIC's own. Their metadata are not needed: those of a checkout may be older than its code.
OWN_EXECUTORS = (
    ExecutorEntry(LOCAL_EXECUTOR, "gym_gui.trainer.executors.local:LocalExecutor", "mosaic-rl"),
    ExecutorEntry(AGENT_EXECUTOR, "gym_gui.trainer.executors.agent:AgentExecutor", "mosaic-rl"),
    ExecutorEntry(CLAIM_EXECUTOR, "gym_gui.trainer.executors.claim:ClaimExecutor", "mosaic-rl"),
)
#: Those that are there with a library, by its name.
_WITH_LIBRARY = {
    "ray": ExecutorEntry(RAY_EXECUTOR, "gym_gui.trainer.executors.ray:RayExecutor", "mosaic-rl"),
    "submitit": ExecutorEntry(SLURM_EXECUTOR, "gym_gui.trainer.executors.slurm:SlurmExecutor", "mosaic-rl"),
}


def executor_entries() -> list[ExecutorEntry]:
    """Return every registered executor, sorted by name; names may occur twice."""
    from importlib.metadata import entry_points  # a slow import, not needed for a run on this machine
    from importlib.util import find_spec

    entries = set(OWN_EXECUTORS)
    for name, entry in _WITH_LIBRARY.items():
        library = find_spec(name)
        if library is not None and library.origin:  # a mere folder of that name has no file
            entries.add(entry)
    own = {(entry.name, entry.package) for entry in OWN_EXECUTORS}
    for point in entry_points(group=EXECUTOR_ENTRY_POINT_GROUP):
        package = "" if point.dist is None else str(point.dist.metadata["Name"])
        if (point.name, package) not in own:
            entries.add(ExecutorEntry(point.name, point.value, package))
    return sorted(entries, key=lambda entry: (entry.name, entry.package, entry.target))


def executor_names() -> list[str]:
    """Return the possible values of a run config's ``executor``, MOSAIC's own first."""
    names = {entry.name for entry in executor_entries()}
    return [LOCAL_EXECUTOR, *sorted(names - {LOCAL_EXECUTOR})]
