"""The executors that are installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gym_gui.app.checks.finding import Finding


def executors(home: Path) -> Iterator[Finding]:  # noqa: ARG001 - every check takes the home
    """Look for executors that cannot be used."""
    from gym_gui.runs.executors import OWN
    from gym_gui.trainer.executors.installed import executor_classes

    found = executor_classes()
    for name, reason in found.broken.items():
        yield Finding(f"executor {name}", "broken", reason, "reinstall or uninstall the package that brings it")
    ready = [name if entry == OWN else f"{name} (package {entry.package})" for name, (entry, _) in found.ready.items()]
    if ready:
        yield Finding("executors", "ok", ", ".join(ready))
