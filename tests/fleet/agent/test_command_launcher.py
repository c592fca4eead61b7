"""The launcher of systems without POSIX, run for real on this one: what Windows alone has is in test_process_tree."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from gym_gui.fleet.agent.command_launcher import CommandProcesses, exit_fields
from gym_gui.supervision import read_exit, read_started

pytestmark = pytest.mark.process
Start = Callable[..., CommandProcesses]
AGENT = [sys.executable, "-m", "gym_gui.fleet.agent.main"]
WAIT = "import time; print('up', flush=True); time.sleep(600)"


@pytest.fixture
def spec(tmp_path: Path) -> dict[str, Any]:
    """What a launcher is to do; the program is to be filled in."""
    names = ("stdout", "stderr", "lock", "started", "exit", "cancel_intent")
    limits = {"wall_time_s": None, "shutdown_timeout_s": 5.0}
    found = {"cwd": str(tmp_path / "work"), "unset": ["PYTHONUNBUFFERED"], **limits}
    return {
        **found,
        "env": {"MOSAIC_RUN_ID": "r", "PATH": "/not/here"},
        **{name: str(tmp_path / name) for name in names},
    }


@pytest.fixture
def start(spec: dict[str, Any]) -> Iterator[Start]:
    """Start a program; what is left of all is killed after the test."""
    started: list[CommandProcesses] = []

    def begin(*argv: str, agent: list[str] = AGENT, **more: Any) -> CommandProcesses:
        filled = {**spec, "argv": list(argv), **more}
        processes = CommandProcesses(filled, Path(spec["lock"]).with_name("spec.json"), agent)
        started.append(processes)
        assert processes.start()
        return processes

    yield begin

    for processes in started:
        processes.signal("kill_all")
        assert processes._child is not None
        processes._child.wait(60)


def test_from_start_to_exit_record(spec: dict[str, Any], start: Start) -> None:
    code = "import json, os, sys; print(json.dumps(dict(os.environ))); sys.stderr.write('e'); sys.exit(7)"
    processes = start(sys.executable, "-c", code)
    eventually(lambda: processes.ended, "its end")
    record = read_exit(Path(spec["exit"]))
    assert record is not None
    assert (record.code, record.signal, record.reason, record.swept) == (7, None, "exited", True)
    started = read_started(Path(spec["started"]))
    assert started is not None
    assert started.worker is not None
    assert started.worker.pid > 0
    environment = json.loads(Path(spec["stdout"]).read_text())
    assert environment["MOSAIC_RUN_ID"] == "r"
    assert environment["PATH"] == os.environ["PATH"], "this machine's, not that of the submitter"
    assert Path(spec["stderr"]).read_text() == "e"
    eventually(lambda: not processes.alive(), "nothing is left")
    assert not processes.start(), "it is not begun twice"


@pytest.mark.parametrize(
    ("how", "reason", "signal"),
    [("stop", "terminated", 15), ("kill_all", "terminated", 9), ("cancel", "cancelled", 15)],
)
def test_it_is_ended(spec: dict[str, Any], start: Start, how: str, reason: str, signal: int) -> None:
    processes = start(sys.executable, "-c", WAIT)
    eventually(lambda: Path(spec["stdout"]).exists() and Path(spec["stdout"]).read_text(), "it runs")
    report = processes.report()
    assert (report["launcher_alive"], report["worker_alive"]) == (True, True)
    if how == "cancel":
        Path(spec["cancel_intent"]).touch()
    assert processes.signal("stop" if how == "cancel" else how)
    eventually(lambda: processes.ended, "its end")
    record = read_exit(Path(spec["exit"]))
    assert record is not None
    assert (record.reason, record.signal, record.signalled_at is not None) == (reason, signal, True)
    eventually(lambda: not processes.alive(), "nothing is left")
    assert not processes.signal("stop")


def test_wall_time_ends_it(spec: dict[str, Any], start: Start) -> None:
    processes = start(sys.executable, "-c", WAIT, wall_time_s=0.5)
    eventually(lambda: processes.ended, "its end")
    record = read_exit(Path(spec["exit"]))
    assert record is not None
    assert record.reason == "wall_time"


def test_what_cannot_be_started_is_on_record(spec: dict[str, Any], start: Start) -> None:
    processes = start("/nowhere/program")
    eventually(lambda: processes.ended, "its end")
    record = read_exit(Path(spec["exit"]))
    assert record is not None
    assert record.reason == "spawn_failed"
    assert "/nowhere/program" in record.error


def test_the_program_outlives_a_killed_launcher_and_can_be_ended(spec: dict[str, Any], start: Start) -> None:
    processes = start(sys.executable, "-c", WAIT)
    eventually(lambda: (processes.started.get("worker") or {}).get("pid"), "it runs")
    os.kill(processes.started["launcher"]["pid"], 9)
    assert processes._child is not None
    processes._child.wait(60)
    again = CommandProcesses(spec, Path(spec["lock"]).with_name("spec.json"), AGENT)
    eventually(lambda: not again.report()["launcher_alive"], "the launcher is gone")
    assert again.alive()
    assert not again.start()
    assert again.signal("stop")
    eventually(lambda: not again.alive(), "nothing is left")


KILLED = """
import os, signal, sys
from pathlib import Path
from gym_gui.fleet.agent import command_launcher

def kill(path, record):
    if path.endswith("started"):
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, record)

write, command_launcher._write_record = command_launcher._write_record, kill
command_launcher.launch(Path(sys.argv[-1]))
"""


def test_a_launcher_that_is_killed_before_its_program_is_on_record_leaves_the_lock_to_it(
    spec: dict[str, Any], start: Start
) -> None:
    processes = start(sys.executable, "-c", WAIT, agent=[sys.executable, "-c", KILLED])
    assert processes._child is not None
    assert processes._child.wait(60) == -9
    eventually(lambda: Path(spec["stdout"]).read_text(), "the program runs")
    again = CommandProcesses(spec, Path(spec["lock"]).with_name("spec.json"), AGENT)
    assert again.alive()
    assert not again.start(), "it is not begun twice"
    assert again.signal("stop")
    eventually(lambda: not again.alive(), "nothing is left")


def test_exit_codes_of_windows() -> None:
    assert exit_fields(0xC0000005, windows=True) == {"code": 0xC0000005 - (1 << 32), "signal": None}
    assert exit_fields(3, windows=True) == {"code": 3, "signal": None}
    assert exit_fields(-9, windows=False) == {"code": None, "signal": 9}
    assert exit_fields(None) == {"code": None, "signal": None}
