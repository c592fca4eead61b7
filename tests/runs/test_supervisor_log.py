"""The supervisor's log where its folder is changed under it."""

from __future__ import annotations

from pathlib import Path

from gym_gui.runs import SupervisorLog, read_events


def test_a_folder_that_became_a_link_gets_no_file_and_loses_no_event(tmp_path: Path) -> None:
    logs, away, elsewhere = tmp_path / "logs", tmp_path / "away", tmp_path / "elsewhere"
    logs.mkdir()
    elsewhere.mkdir()
    log = SupervisorLog(logs / "supervisor.jsonl")
    log.append("first")
    logs.rename(away)
    logs.symlink_to(elsewhere)
    log.append("second")
    assert list(elsewhere.iterdir()) == []
    logs.unlink()
    logs.mkdir()
    log.append("third")
    log.close()
    assert [event["event"] for event in read_events(logs / "supervisor.jsonl")] == ["first", "second", "third"]
