"""Small workers, good ones and broken ones, each installed for real into a folder of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.workers.conformance import KitLimits, Report, check_worker
from gym_gui.workers.record import WorkerRecord

WORKERS = Path(__file__).parents[1]
LIMITS = KitLimits(run_s=30.0, startup_s=8.0, grace_s=2.0, block_s=3.0, beat_s=4.0, steps=2048)


def files_of(name: str) -> dict[str, str]:
    """Return the files of a small worker; a broken one is the printing one but for its fault."""
    good, own = WORKERS / "good" / base_of(name), WORKERS / "broken" / name
    files = {path.name: path.read_text() for folder in (good, own) for path in sorted(folder.glob("*.py"))}
    return {"plain.py": (good / "runtime.py").read_text(), **files} if own.is_dir() else files


def base_of(name: str) -> str:
    """Return the good worker that a broken one is, but for its fault: the resuming one where it is about that."""
    if (WORKERS / "good" / name).is_dir():
        return name
    return "resuming" if name.startswith("resumes_") else "printing"


@pytest.fixture(name="files_of")
def _files_of() -> Callable[[str], dict[str, str]]:
    return files_of


@pytest.fixture
def small_worker(site: Any, home: Path) -> Callable[[str], WorkerRecord]:
    """Install a small worker and return its record."""

    def install(name: str) -> WorkerRecord:
        entry, files = base_of(name), files_of(name)
        function = "describe" if "def describe(" in files["__init__.py"] else "get_worker_metadata"
        site.install(entry, files, entry_point=f"{entry}_worker:{function}")
        return site.catalog(home).get(entry)

    return install


@pytest.fixture
def examined(small_worker: Callable[[str], WorkerRecord]) -> Callable[..., Report]:
    """Install a small worker and examine it."""

    def examine(name: str, *only: str, **options: Any) -> Report:
        return check_worker(small_worker(name), only=only, limits=LIMITS, **options)

    return examine


@pytest.fixture
def leftovers(tmp_path: Path) -> Callable[[str], list[int]]:
    """Return pids of this test's processes whose command line holds a text: others examine the same workers."""

    def find(text: str) -> list[int]:
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    mine = str(tmp_path).encode() in (entry / "environ").read_bytes()
                    if mine and text.encode() in (entry / "cmdline").read_bytes():
                        found.append(int(entry.name))
        return found

    return find
