"""The workers that are installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from gym_gui.app.checks.finding import Finding


def workers(home: Path) -> Iterator[Finding]:
    """Look for workers that cannot be used."""
    from gym_gui.workers import INSTALL_ONE, WorkerCatalog

    records = WorkerCatalog(home, persist=False).list()
    ready = [f"{record.name} {record.version}" for record in records if not record.broken]
    for record in records:
        if record.broken:
            yield Finding(f"worker {record.name}", "broken", record.broken,
                          record.mend or f"mosaic workers describe {record.name}")  # fmt: skip
    if ready:
        yield Finding("workers", "ok", ", ".join(ready))
    elif not records:
        yield Finding("workers", "doubtful", "none is installed", INSTALL_ONE)
