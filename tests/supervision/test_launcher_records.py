"""What a launcher says of its worker: structured records with run and worker, and codes that the constants have."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from gym_gui.logging_config.components import launcher as constants
from gym_gui.logging_config.log_constants import get_constant_by_code
from gym_gui.supervision.launch import LAUNCHER


def records_of(folder: Path, argv: list[str], **changes: Any) -> list[dict[str, Any]]:
    spec = {
        "argv": argv,
        "cwd": str(folder),
        "env": {"MOSAIC_RUN_ID": "r", "WORKER_ID": "left"},
        "unset": [],
        **{name: str(folder / name) for name in ("stdout", "stderr", "lock", "started", "exit", "cancel_intent")},
        "wall_time_s": None,
        "shutdown_timeout_s": 1.0,
        **changes,
    }
    path = folder / "spec.json"
    path.write_text(json.dumps(spec))
    ended = subprocess.run(
        [sys.executable, "-I", "-S", str(LAUNCHER), str(path)], capture_output=True, timeout=60, check=True
    )
    return [json.loads(line) for line in ended.stderr.splitlines()]


def test_a_worker_that_cannot_be_started(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, [str(tmp_path / "none")])
    assert (record["run_id"], record["worker_id"], record["level"]) == ("r", "left", "ERROR")
    assert get_constant_by_code(record["code"]) is constants.LOG_LAUNCHER_FAILED
    assert "No such file" in record["message"]


def test_secrets_that_are_gone(tmp_path: Path) -> None:
    (record,) = records_of(tmp_path, ["/bin/true"], secrets=str(tmp_path / "left.secrets.json"))
    assert "left.secrets.json" in record["message"]
    assert json.loads((tmp_path / "exit").read_bytes())["reason"] == "spawn_failed"


def test_wall_time_and_what_is_left_behind(tmp_path: Path) -> None:
    records = records_of(tmp_path, ["/bin/sh", "-c", "setsid sleep 600 & sleep 600"], wall_time_s=0.3)
    found = [get_constant_by_code(record["code"]) for record in records]
    assert found == [constants.LOG_LAUNCHER_WALL_TIME_EXCEEDED, constants.LOG_LAUNCHER_STRAY_KILLED]
    assert all(record["worker_id"] == "left" for record in records)


def test_every_code_in_it_is_a_launchers_constant() -> None:
    known = {value.code for name, value in vars(constants).items() if name.startswith("LOG_")}
    assert set(re.findall(r"LOG\d+", LAUNCHER.read_text())) <= known
