"""The worker of ``docs/how-to/write-a-worker.md``, built from that page's own code blocks, trains for real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gym_gui.workers.scaffold import name_worker, write_worker

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"`((?:my_worker/)?[a-z_]+\.(?:py|toml))`[^\n]*(?:\n(?!```)[^\n]*)*\n```[a-z]+\n(.*?)```", re.DOTALL)


def mosaic(*arguments: str, environment: dict[str, str], timeout: float = 110) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).parent / "mosaic"), *arguments],
        env=environment, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A shell's environment in which the guide's worker is installed."""
    text = (ROOT / "docs/how-to/write-a-worker.md").read_text()
    files = dict(BLOCK.findall(text))
    assert set(files) == {
        "pyproject.toml",
        *(f"my_worker/{n}.py" for n in ("config", "sdk", "runtime", "cli", "__init__")),
    }
    assert "mosaic workers new" in files["my_worker/sdk.py"]
    written = write_worker(name_worker("scratch"), tmp_path / "scratch")
    files["my_worker/sdk.py"] = next(path for path in written if path.name == "sdk.py").read_text()
    source = tmp_path / "my_worker"
    (source / "my_worker").mkdir(parents=True)
    for name, content in files.items():
        (source / name).write_text(content)
    site = tmp_path / "site"
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(site), str(source)],
        check=True, timeout=100,
    )  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(site)}
    yield environment
    mosaic("daemon", "stop", environment=environment)


def test_the_guides_worker_trains_and_its_books_balance(environment: dict[str, str]) -> None:
    listed = json.loads(mosaic("workers", "list", "--json", environment=environment).stdout)
    assert "myworker" in [worker["name"] for worker in listed["workers"]]

    trained = mosaic("train", "myworker", "--set", "total_steps=500", "--seed", "3", environment=environment)
    assert trained.returncode == 0, trained.stderr

    shown = json.loads(mosaic("runs", "show", "latest", "--json", environment=environment).stdout)
    assert shown["state"] == "completed"
    assert shown["steps"] == 500
    assert shown["episodes"] > 5
    ledger = shown["ledger"]
    assert ledger["stored"] == 500 + shown["episodes"] + 3  # run_started, the phase, run_completed
    assert ledger["lines"] == ledger["stored"] + ledger["log"] + ledger["quarantined"]
    assert ledger["quarantined"] == ledger["dropped"] == 0
    assert mosaic("runs", "verify", "latest", environment=environment).returncode == 0


def test_a_mistyped_field_is_named_before_anything_is_written(environment: dict[str, str]) -> None:
    refused = mosaic("train", "myworker", "--set", "total_step=500", environment=environment)
    assert refused.returncode == 2
    assert "total_steps" in refused.stderr
    assert not (Path(environment["MOSAIC_HOME"]) / "runs").exists()


@pytest.mark.timeout(600)
def test_the_kit_has_nothing_to_remark(environment: dict[str, str]) -> None:
    checked = mosaic("workers", "check", "myworker", environment=environment, timeout=550)
    assert "is certified: 0 errors, 0 warnings" in checked.stdout, checked.stdout + checked.stderr
