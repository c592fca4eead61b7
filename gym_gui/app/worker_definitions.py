"""Workers as menus list them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from gym_gui.config.paths import mosaic_home
from gym_gui.workers import WorkerCatalog, WorkerRecord


@dataclass(frozen=True)
class WorkerDefinition:
    """A worker as a menu lists it.

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

    @property
    def entry(self) -> str:
        """The text of its entry in a menu."""
        return f"{self.display_name} — broken" if self.problem else self.display_name

    @property
    def about(self) -> str:
        """What it is; of a broken one why it cannot be used, and the command that fixes it."""
        fix = f"\nFix it with: {self.fix}" if self.fix else ""
        return f"{self.problem}{fix}" if self.problem else self.description


def definition_of(record: WorkerRecord) -> WorkerDefinition:
    """Return what menus list of a worker.

    Args:
        record: The worker.
    """
    most = record.capabilities.get("max_agents")
    return WorkerDefinition(
        worker_id=record.name,
        display_name=record.title,
        description=record.about,
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
