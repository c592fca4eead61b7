"""An examination that is told to end takes all that it started with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

WAIT_S = 60.0


def until(condition: Callable[[], Any]) -> bool:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("worker", ["printing", "ignores_sigterm"])
def test_no_process_and_no_folder_is_left(
    number: signal.Signals,
    worker: str,
    small_worker: Callable[[str], Any],
    leftovers: Callable[[str], list[int]],
    tmp_path: Path,
) -> None:
    small_worker(worker)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    command = ["workers", "check", "printing", "--only", "run-completes", "--set", "total_steps=1000000000"]
    process = subprocess.Popen(
        [sys.executable, "-c", "import sys; from gym_gui.cli.main import main; sys.exit(main())", *command],
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert until(lambda: leftovers("mosaic-check-"))
        assert until(lambda: list(scratch.glob("mosaic-check-*/runs/*/logs/*.stdout.jsonl")))
        process.send_signal(number)
        code = process.wait(WAIT_S)
    finally:
        process.kill()
    assert code == 130  # as every command that a signal ends
    assert leftovers("printing_worker") == []
    assert list(scratch.iterdir()) == []
