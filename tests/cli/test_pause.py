"""``mosaic runs pause`` and ``unpause``, and what ``runs show`` tells of several attempts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from gym_gui.proxy.summary import read_summary
from gym_gui.runs.folder import RunFolder

CONFIG = """
{"run_name": "twice", "entry_point": "%s", "environment": {"WORKER_ID": "a"}, "limits": {"max_attempts": 2},
 "arguments": ["-c", "import os, sys; print('hello'); sys.exit(3 if os.environ['MOSAIC_ATTEMPT'] == '1' else 0)"]}
"""


def test_pause_and_unpause(script: Any, home: Path, wait_until: Any) -> None:
    started = script(
        "train", "random", "--env", "CartPole-v1", "--steps", "1000000000", "--set", "step_rate=200", "--detach",
        "--json",
    )  # fmt: skip
    run_id = started.json["run_id"]
    folder = RunFolder.of(home, run_id)
    wait_until(lambda: read_summary(folder).state.value == "running")
    refused = script("runs", "unpause", run_id)
    assert refused.code == 2
    assert "was not paused" in refused.stderr
    assert script("runs", "pause", run_id, "--reason", "lunch").stdout == f"{run_id} is being paused\n"
    wait_until(lambda: read_summary(folder).state.value == "paused")
    assert "lunch" in script("runs", "show", run_id).stdout
    assert script("runs", "unpause", run_id).stdout == f"{run_id} goes on\n"
    wait_until(lambda: read_summary(folder).state.value == "running")
    assert script("runs", "cancel", run_id, "--wait").code == 0
    assert script("runs", "pause", run_id).code == 2


def test_attempts_are_shown(script: Any, tmp_path: Path) -> None:
    path = tmp_path / "twice.json"
    path.write_text(CONFIG % sys.executable)
    ended = script("run", str(path), "--json")
    assert ended.code == 0, ended.stderr
    shown = script("runs", "show", "latest").stdout
    assert "a: attempt 1 of 2 ended: exit code 3" in shown
    (worker,) = script("runs", "show", "latest", "--json").json["workers"]
    assert [(one["attempt"], one["state"], one["exit"]["code"]) for one in worker["attempts"]] == [
        (1, "queued", 3),
        (2, "completed", 0),
    ]
