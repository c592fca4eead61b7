"""The demo, small."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.mark.slow
def test_the_demo_trains_verifies_draws_and_cleans_up(mosaic: Any, home: Path, living: Any, wait_until: Any) -> None:
    ended = mosaic("demo", "--steps", "2000", "--seeds", "1-2", "--json")
    assert ended.code == 0, ended.stderr
    shown = ended.json
    assert [run["state"] for run in shown["runs"]] == ["completed", "completed"]
    assert all(shown["verified"].values())
    assert Path(shown["picture"]).read_bytes().startswith(b"\x89PNG")
    assert mosaic("daemon", "status").code == 1
    wait_until(lambda: not living(), "no process is left", 5.0)


@pytest.mark.slow
def test_the_demo_leaves_a_daemon_alone_that_was_there_before(mosaic: Any) -> None:
    mosaic("daemon", "start")
    ended = mosaic("demo", "--steps", "1000", "--seeds", "1")
    assert "web --open --home" in ended.stdout
    assert ended.code == 0, ended.stderr
    assert "the books of all 1 runs balance" in ended.stdout
    assert "learning curve: " in ended.stdout
    assert mosaic("daemon", "status").code == 0
