"""Small workers, good ones and broken ones, each installed for real into a folder of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.workers.conformance import KitLimits, Report, check_worker
from gym_gui.workers.record import WorkerRecord

WORKERS = Path(__file__).parents[1]
LIMITS = KitLimits(run_s=30.0, startup_s=8.0, grace_s=2.0, block_s=3.0, steps=2048)


def files_of(name: str) -> dict[str, str]:
    """Return the files of a small worker; a broken one is the printing one but for its fault."""
    own = WORKERS / "broken" / name
    folders = [WORKERS / "good" / "printing", own] if own.is_dir() else [WORKERS / "good" / name]
    files = {path.name: path.read_text() for folder in folders for path in sorted(folder.glob("*.py"))}
    return {"plain.py": files_of("printing")["runtime.py"], **files} if own.is_dir() else files


@pytest.fixture
def small_worker(site: Any, home: Path) -> Callable[[str], WorkerRecord]:
    """Install a small worker and return its record."""

    def install(name: str) -> WorkerRecord:
        entry = name if (WORKERS / "good" / name).is_dir() else "printing"
        site.install(entry, files_of(name))
        return site.catalog(home).get(entry)

    return install


@pytest.fixture
def examined(small_worker: Callable[[str], WorkerRecord]) -> Callable[..., Report]:
    """Install a small worker and examine it."""

    def examine(name: str, *only: str, **options: Any) -> Report:
        return check_worker(small_worker(name), only=only, limits=LIMITS, **options)

    return examine
