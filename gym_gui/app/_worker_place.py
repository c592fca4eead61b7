"""Where a worker is installed, with what, and how much room that takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from gym_gui.look import figures
from gym_gui.workers import WorkerCatalog, WorkerRecord
from gym_gui.workers.environments import Requirement, WorkerEnvironment, requirements_of


@dataclass(frozen=True)
class WorkerPlace:
    """The interpreter of a worker and its packages.

    Args:
        python: The interpreter.
        environment: The worker's own environment; ``None`` if it shares MOSAIC's.
        requirements: What the worker requires.
    """

    python: str
    environment: WorkerEnvironment | None
    requirements: list[Requirement]

    @classmethod
    def of(cls, catalog: WorkerCatalog, record: WorkerRecord) -> WorkerPlace:
        """Return where a worker is installed."""
        environment = catalog.environment(record)
        if environment is None:
            return cls(record.python, None, [])
        steps = [*environment.steps, environment.with_packages]
        found = requirements_of(record.location, environment, steps)
        return cls(record.python, environment if record.environment else None, found)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "environment": self.environment.to_dict() if self.environment else None,
            "requirements": msgspec.to_builtins(self.requirements),
        }

    def rows(self) -> list[tuple[str, str]]:
        """Return it as lines of a table: what, and which."""
        if self.environment is None:
            return [("environment", "MOSAIC's own"), ("python", self.python), ("requires", self._versions())]
        own = self.environment
        editable = ", editable" if own.editable else ""
        return [
            ("environment", str(own.folder)),
            ("python", f"{own.python_version} ({own.base_python})"),
            ("installed", f"{figures.moment(own.installed_at)}, from {own.origin}{own.extras}{editable}"),
            ("with", "\n".join([*own.with_packages, *([own.requirements_file] if own.requirements_file else [])])),
            ("size", f"{figures.size(own.size_bytes)}, {own.packages} packages"),
            ("requires", self._versions()),
        ]

    def _versions(self) -> str:
        return "\n".join(
            f"{each.name} {each.version or 'missing'}" + (f"  ({each.wanted})" if each.wanted else "")
            for each in self.requirements
        )
