"""``runs reindex`` of runs of another time."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

OLD = Path(__file__).parents[1] / "telemetry" / "schemas" / "v1"
RUN_ID = "01JD3ZQ0F4M3Y1M5V9S4X1T7KQ"


def test_it_counts_and_says_nothing_else(mosaic: Any, home: Path) -> None:
    shutil.copytree(OLD, home / "runs" / RUN_ID)
    ended = mosaic("runs", "reindex", RUN_ID)
    assert ended.code == 0
    assert ended.stderr == ""
    assert ended.stdout.endswith("165 lines = 156 stored + 3 log + 6 quarantined\n")
    assert mosaic("runs", "verify", RUN_ID).code == 0
    shown = mosaic("runs", "show", RUN_ID, "--json").json
    assert [(one["worker_id"], one["attempt"], one["state"]) for one in shown["workers"]] == [
        ("000001", 1, "completed"),
        ("left_arm", 2, "completed"),
    ]
