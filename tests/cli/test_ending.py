from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from gym_gui.app.log_reader import readable_line, readable_text
from gym_gui.cli.progress.ending import show_failures
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary, WorkerSummary

FAILED = {
    "timestamp": 1.5, "level": "ERROR", "logger": "tiny", "message": "Tiny worker runtime failed", "code": "LOG1",
    "exception": "Traceback (most recent call last):\n  File \"x.py\", line 1\nValueError: no\n  next:  mend it",
}  # fmt: skip


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        (json.dumps(FAILED), "ERROR: Tiny worker runtime failed"),
        (json.dumps({"level": "INFO", "message": "one\n two"}), "INFO: one two"),
        (json.dumps({"level": "INFO", "message": "red \x1b[31m"}), "INFO: red \x1b[31m"),
        ("ValueError: no", "ValueError: no"),
        ('{"a": 1}', '{"a": 1}'),
        ('{"level": "INFO", "message"', '{"level": "INFO", "message"'),
        ("{" * 5000, "{" * 5000),
    ],
)
def test_log_records_are_shown_as_sentences(line: str, shown: str) -> None:
    assert readable_line(line) == shown


def test_why_a_run_failed_is_readable_with_its_traceback() -> None:
    shown = readable_text(f"plain words\n{json.dumps(FAILED)}")
    assert shown.startswith("plain words\n")
    assert "ERROR LOG1 Tiny worker runtime failed" in shown
    assert shown.endswith("ValueError: no\n  next:  mend it")


@pytest.mark.parametrize(("said", "more"), [("oh no\n", "mosaic runs logs R --stderr ·"), ("", "mosaic runs logs R ·")])
def test_a_failed_run_points_to_the_log_that_says_something(tmp_path: Path, said: str, more: str) -> None:
    worker = WorkerSummary(worker_id="000001", worker_type="w", state=RunState.FAILED, attempt=1)
    run = RunSummary(run_id="R", state=RunState.FAILED, cause="exit code 1", workers=[worker])
    log = RunFolder.of(tmp_path, "R").stderr_log("000001", 1)
    log.parent.mkdir(parents=True)
    log.write_text(said)
    screen = Console(width=200, file=io.StringIO(), record=True)
    show_failures(screen, tmp_path, [run])
    assert more in screen.export_text()
