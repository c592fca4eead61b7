"""The kit examines workers that live in environments of the oldest Python that is supported."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.workers.conformance import KitLimits, Report, check_worker
from gym_gui.workers.environments.record import WorkerEnvironment

REPOSITORY = Path(__file__).parents[3]
OLD = next(iter(sorted(Path.home().glob(".pyenv/versions/3.8.*/bin/python3"))), None)
LIMITS = KitLimits(run_s=60.0, startup_s=20.0, grace_s=5.0, block_s=3.0, beat_s=6.0, steps=1024)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.interpreters,
    pytest.mark.skipif(OLD is None, reason="there is no Python 3.8 on this machine"),
]


@pytest.fixture(scope="module")
def old_environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of Python 3.8 with the SDK's wheel in it."""
    folder = tmp_path_factory.mktemp("old")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder)]
    subprocess.run([*build, str(REPOSITORY / "sdk")], check=True, capture_output=True, timeout=110)
    subprocess.run([str(OLD), "-m", "venv", str(folder / "venv")], check=True, capture_output=True, timeout=110)
    (wheel,) = folder.glob("*.whl")
    pip = [str(folder / "venv" / "bin" / "python"), "-m", "pip", "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(pip, check=True, capture_output=True, timeout=110)
    return folder / "venv"


@pytest.fixture
def checked(
    old_environment: Path,
    site: Any,
    home: Path,
    files_of: Callable[[str], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[str], Report]:
    """Examine a good worker in that environment."""

    def check(name: str) -> Report:
        (packages,) = old_environment.glob("lib/python3.8/site-packages")
        monkeypatch.delenv("PYTHONPATH")
        site.folder = packages
        site.environment = WorkerEnvironment(
            python=str(old_environment / "bin" / "python"), search_path=[str(packages)]
        )
        site.install(name, files_of(name))
        record = site.catalog(home).get(name)
        assert record.broken is None
        return check_worker(record, limits=LIMITS)

    return check


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("wrapping", ("heartbeat-thread", "cancel-event", "cancel-grace", "isolation-run", "telemetry-flushed")),
        ("resuming", ("checkpoint-step", "checkpoint-exact", "determinism-exact", "cancel-event", "log-constants")),
    ],
)
def test_a_worker_of_python_3_8(checked: Callable[[str], Report], name: str, kept: tuple[str, ...]) -> None:
    report = checked(name)
    assert report.broken("error") == []
    assert report.record.schema is not None
    outcomes = {result.rule.name: result.outcome for result in report.results}
    assert {rule: outcomes[rule] for rule in kept} == dict.fromkeys(kept, "kept")
