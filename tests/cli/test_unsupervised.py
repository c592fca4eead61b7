"""Runs whose daemon and proxy were both killed: no command shows their last word as the state of now."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.runs.folder import RunFolder


def abandoned(mosaic: Any, home: Path, wait_until: Callable[..., Any]) -> tuple[str, float]:
    """Return a run whose worker ended while nobody supervised it, and when that was."""
    run_id = mosaic("train", "random", "--steps", "600", "--set", "step_rate=200", "--detach", "--json").json["run_id"]
    folder = RunFolder.of(home, run_id)
    wait_until(lambda: folder.started_record("000001", 1).exists(), "the worker")
    wait_until(folder.proxy_identity.exists, "the proxy")
    os.kill(json.loads((home / "daemon.json").read_bytes())["pid"], signal.SIGKILL)
    os.kill(json.loads(folder.proxy_identity.read_bytes())["pid"], signal.SIGKILL)
    record = folder.exit_record("000001", 1)
    wait_until(lambda: record.exists() and json.loads(record.read_bytes()).get("swept"), "the worker's end")
    time.sleep(2.0)  # the end lies back when it is found
    return run_id, json.loads(record.read_bytes())["ended_at"]


@pytest.mark.parametrize("command", ["show", "why", "list"])
def test_a_command_that_looks_at_it_puts_it_in_order(
    mosaic: Any, home: Path, wait_until: Callable[..., Any], command: str
) -> None:
    run_id, ended_at = abandoned(mosaic, home, wait_until)
    stale = mosaic("runs", "show", run_id, "--json", "--no-start")
    assert stale.json["cause"].startswith("unsupervised since")
    assert f"no process supervises {run_id}" in stale.stderr
    assert "may have ended" in mosaic("runs", "why", run_id, "--no-start").stdout
    found = mosaic("runs", command, *([] if command == "list" else [run_id]))
    assert "completed" in found.stdout
    run = mosaic("runs", "show", run_id, "--json", "--no-start").json
    assert run["ended_at"] == pytest.approx(ended_at)
    assert run["workers"][0]["attempts"][0]["ended_at"] == pytest.approx(ended_at)


def test_marks_that_are_gone_hide_no_run(mosaic: Any, home: Path, wait_until: Callable[..., Any]) -> None:
    run_id, _ = abandoned(mosaic, home, wait_until)
    shutil.rmtree(home / "runs" / ".live")
    stale = mosaic("runs", "list", "--no-start")
    assert f"no process supervises {run_id} since 2" in stale.stderr
    assert "completed" in mosaic("runs", "list").stdout


def test_a_home_that_cannot_be_written_says_so(mosaic: Any, home: Path, wait_until: Callable[..., Any]) -> None:
    run_id, _ = abandoned(mosaic, home, wait_until)
    if os.geteuid() == 0:
        pytest.skip("everything can be written by root")
    home.chmod(0o500)
    try:
        found = mosaic("runs", "show", run_id)
    finally:
        home.chmod(0o700)
    assert "the home cannot be written" in found.stderr
    assert "unsupervised since" in found.stdout
