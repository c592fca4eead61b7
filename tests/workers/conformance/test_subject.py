from __future__ import annotations

import sys
from pathlib import Path

import pytest

from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.subject import Subject
from gym_gui.workers.record import WorkerRecord


def test_what_cannot_be_looked_at_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen rules ask for it, and each try may take a minute."""
    (tmp_path / "gone_worker.py").write_text("import os\nos._exit(3)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    record = WorkerRecord(
        name="gone", entry_point="gone_worker:describe", distribution="", version="", python=sys.executable
    )
    stages: list[str] = []
    with Subject(record, on_stage=stages.append) as subject:
        for _ in range(3):
            with pytest.raises(NotApplicable, match="its interpreter ended while it was examined"):
                _ = subject.examined
    assert stages == ["reading its config class"]
