"""The kit as a pytest base class."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.workers.conformance import ConformanceWarning, WorkerConformance, all_rules
from gym_gui.workers.record import WorkerRecord

MODULE = """
from gym_gui.workers.conformance import WorkerConformance

class TestPrinting(WorkerConformance):
    worker = "printing"
"""


def test_there_is_one_test_for_each_finding() -> None:
    names = {"test_" + rule.name.replace("-", "_") for rule in all_rules()}
    assert {name for name in dir(WorkerConformance) if name.startswith("test_")} == names
    assert issubclass(ConformanceWarning, UserWarning)


def test_errors_fail_warnings_warn_and_the_rest_is_skipped(
    small_worker: Callable[[str], WorkerRecord], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    import subprocess
    import sys

    small_worker("ends_twice")
    path = tmp_path / "test_mine.py"
    path.write_text(MODULE)
    wanted = "lifecycle_end or config_to_json or dry_run_events"
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", wanted, str(path)],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=100,
    )  # fmt: skip
    assert "1 failed, 1 passed, 1 skipped" in ended.stdout
    assert "docs: docs/reference/findings.md#lifecycle-end" in ended.stdout
    assert "ConformanceWarning: config-to-json" in ended.stdout
