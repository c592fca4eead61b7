from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.core.worker import step_quota
from gym_gui.core.worker.step_quota import CONTROL_FILE, StepQuota


def test_without_a_run_everything_is_recorded() -> None:
    assert StepQuota().allows_steps()


def test_the_control_file_closes_and_opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_RUN_DIR", str(tmp_path))
    now = [100.0]
    monkeypatch.setattr(step_quota.time, "monotonic", lambda: now[0])
    quota = StepQuota()
    assert quota.allows_steps()
    (tmp_path / CONTROL_FILE).parent.mkdir()
    (tmp_path / CONTROL_FILE).touch()
    assert quota.allows_steps()  # it looks once a second
    now[0] += 1
    assert not quota.allows_steps()
    (tmp_path / CONTROL_FILE).unlink()
    assert not quota.allows_steps()
    now[0] += 1
    assert quota.allows_steps()
