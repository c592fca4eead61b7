"""Executors that are installed, by the names that run configs use: entry points, read without importing anything."""

from __future__ import annotations

from dataclasses import dataclass

EXECUTOR_ENTRY_POINT_GROUP = "mosaic.executors"
#: The executor that MOSAIC itself brings, and that runs take unless they name another.
LOCAL = "local"


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


#: MOSAIC's own. It is known without its metadata: those of a checkout may be older than its code.
OWN = ExecutorEntry(LOCAL, "gym_gui.trainer.executors.local:LocalExecutor", "mosaic-rl")


def executor_entries() -> list[ExecutorEntry]:
    """Return every executor that an installed package registers, sorted by name; a name may occur twice."""
    from importlib.metadata import entry_points  # a heavy import, which a run on this machine does without

    found = {OWN}
    for point in entry_points(group=EXECUTOR_ENTRY_POINT_GROUP):
        package = "" if point.dist is None else str(point.dist.metadata["Name"])
        if (point.name, package) != (OWN.name, OWN.package):
            found.add(ExecutorEntry(point.name, point.value, package))
    return sorted(found, key=lambda entry: (entry.name, entry.package, entry.target))


def executor_names() -> list[str]:
    """Return the names that a run config's ``executor`` may have here, MOSAIC's own first."""
    names = {entry.name for entry in executor_entries()}
    return [LOCAL, *sorted(names - {LOCAL})]
