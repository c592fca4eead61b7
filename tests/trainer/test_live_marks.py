from __future__ import annotations

from pathlib import Path

from gym_gui.trainer.live_marks import LiveRuns


def test_marks_are_kept_until_discarded(tmp_path: Path) -> None:
    live = LiveRuns(tmp_path / "runs")
    assert live.all() == set()
    live.add("A")
    live.add("B")
    live.add("A")
    assert LiveRuns(tmp_path / "runs").all() == {"A", "B"}
    live.discard("A")
    live.discard("A")
    assert live.all() == {"B"}
