"""What the window shows of each worker."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gym_gui.config.paths import mosaic_home
from gym_gui.workers import WorkerCatalog, WorkerRecord


@dataclass(frozen=True)
class WorkerDefinition:
    """A worker as the window lists it.

    Args:
        worker_id: Name of its entry point.
        display_name: What it is called.
        description: One sentence.
        supports_training: It can be trained: it is not broken.
        supports_policy_load: It saves checkpoints, from which it can be measured or go on.
        requires_live_telemetry: It needs someone to watch; none does, since workers print into files.
        provides_fast_analytics: It brings figures of its own beside its telemetry; none needs to.
        supports_multi_agent: It takes environments of several agents.
        problem: Why it cannot be used; empty if it can.
        fix: The command that fixes it.
    """

    worker_id: str
    display_name: str
    description: str = ""
    supports_training: bool = True
    supports_policy_load: bool = False
    requires_live_telemetry: bool = False
    provides_fast_analytics: bool = False
    supports_multi_agent: bool = False
    problem: str = ""
    fix: str = ""


def definition_of(record: WorkerRecord) -> WorkerDefinition:
    """Return what the window lists of a worker.

    Args:
        record: The worker.
    """
    most = record.capabilities.get("max_agents")
    return WorkerDefinition(
        worker_id=record.name,
        display_name=str(record.metadata.get("name") or record.name),
        description=str(record.metadata.get("description") or ""),
        supports_training=not record.broken,
        supports_policy_load=not record.broken and bool(record.capabilities.get("supports_checkpointing")),
        supports_multi_agent=isinstance(most, int) and most > 1,
        problem=record.broken or "",
        fix=record.mend or "",
    )


def get_worker_catalog(records: Iterable[WorkerRecord] | None = None) -> tuple[WorkerDefinition, ...]:
    """Return every installed worker, by name.

    Args:
        records: The workers; by default those of the home, as ``mosaic workers list`` shows them.
    """
    found = WorkerCatalog(mosaic_home()).list() if records is None else records
    return tuple(sorted(map(definition_of, found), key=lambda definition: definition.worker_id))
