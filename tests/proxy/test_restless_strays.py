"""A stray that forks and ends all the time has another pid whenever somebody looks: it is ended all the same."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.runs.states import RunState

RESTLESS = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.closerange(0, 100)
end = time.time() + 300
while time.time() < end and not os.fork():
    os.setsid()
    time.sleep({pause})
"""


def living(word: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and word.encode() in (entry / "cmdline").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:  # noqa: PERF203 - gone meanwhile
            continue
    return found


@pytest.mark.parametrize("pause", [0.0, 0.01, 0.05])
def test_a_stray_that_forks_and_ends_all_the_time_does_not_outlive_its_run(
    new_run: Callable[..., Any], until: Callable[..., Any], tmp_path: Path, pause: float
) -> None:
    code = f"""
import os, subprocess, sys, time
word = "restless-" + os.environ["MOSAIC_RUN_ID"]
command = [sys.executable, "-I", "-S", "-c", {RESTLESS.format(pause=pause)!r}, word]
subprocess.Popen(command, env={{}}, cwd="/", start_new_session=True)
print("hello", flush=True)
while not os.path.exists({str(tmp_path / "go")!r}): time.sleep(0.01)
"""
    run = new_run(argv=[sys.executable, "-S", "-c", code])
    word = f"restless-{run.folder.run_id}"
    try:
        run.start()
        until(lambda: run.started() and run.log() and living(word))
        (tmp_path / "go").touch()
        assert run.proxies[-1].wait(120) == 0, run.said()
        assert [living(word) for _ in range(20)] == [[]] * 20
        assert run.check().state is (RunState.COMPLETED)
    finally:
        while left := living(word):
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
