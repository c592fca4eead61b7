from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.workers.processes.run import run_to_end

STRAY = """
import os, subprocess, sys, time
# A child in a session of its own, which a group kill alone would miss.
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)  # {mark}"], start_new_session=True)
{rest}
"""


def run(code: str, cwd: Path, timeout_s: float = 30):  # type: ignore[no-untyped-def]
    return run_to_end([sys.executable, "-c", code], timeout_s=timeout_s, cwd=cwd)


def gone(leftovers: Callable[[str], list[int]], mark: str) -> bool:
    deadline = time.monotonic() + 5
    while leftovers(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not leftovers(mark)


def test_what_it_said_and_how_it_ended(tmp_path: Path) -> None:
    ended = run("import sys; print('out'); sys.stderr.write('first\\n\\nlast\\n'); sys.exit(3)", tmp_path)
    assert (ended.code, ended.stdout, ended.timed_out) == (3, "out\n", False)
    assert ended.last_error() == "last"
    assert ended.last_error(2) == "first\nlast"


def test_lines_of_both_streams_are_told_as_they_come(tmp_path: Path) -> None:
    code = """
        import pathlib, sys, time
        print("begun", flush=True)
        while not pathlib.Path("go").exists(): time.sleep(0.01)
        print("half a line", end="", file=sys.stderr)
    """
    heard: list[str] = []

    def hear(line: str) -> None:
        heard.append(line)
        (tmp_path / "go").touch()

    argv = [sys.executable, "-c", textwrap.dedent(code)]
    ended = run_to_end(argv, timeout_s=60, cwd=tmp_path, on_line=hear)
    assert (ended.code, heard) == (0, ["begun", "half a line"])


def test_a_signal(tmp_path: Path) -> None:
    assert run("import os; os.kill(os.getpid(), 9)", tmp_path).code == -9


@pytest.mark.parametrize("rest", ["", "time.sleep(600)"])
def test_no_process_is_left(tmp_path: Path, leftovers: Callable[[str], list[int]], rest: str) -> None:
    mark = f"stray-{tmp_path.name}-{len(rest)}"
    ended = run(STRAY.format(mark=mark, rest=rest), tmp_path, timeout_s=2 if rest else 30)
    assert ended.timed_out is bool(rest)
    assert gone(leftovers, mark)


def test_endless_output_ends_with_the_time(tmp_path: Path) -> None:
    ended = run("while True: print('x' * 1000)", tmp_path, timeout_s=0.5)
    assert ended.timed_out
    assert len(ended.stdout) <= 4 << 20


def test_variables_of_a_surrounding_run_do_not_leak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MOSAIC_LOG", "MOSAIC_RUN_ID", "WORKER_ID", "PYTHONUNBUFFERED"):
        monkeypatch.setenv(name, "of_the_surrounding_run")
    assert "of_the_surrounding_run" not in run("import os; print(dict(os.environ))", tmp_path).stdout


def test_a_missing_program(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run_to_end([str(tmp_path / "nothing")], timeout_s=1, cwd=tmp_path)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_runs_ends_with_whoever_waits_for_it(
    number: signal.Signals, tmp_path: Path, leftovers: Callable[[str], list[int]]
) -> None:
    mark = f"mark_{uuid.uuid4().hex}"
    program = (
        "import sys; from pathlib import Path; from gym_gui.workers.processes.run import run_to_end\n"
        f'code = \'import time; open("begun", "w"); time.sleep(600)  # {mark}\'\n'
        f"run_to_end([sys.executable, '-c', code], timeout_s=600, cwd=Path({str(tmp_path)!r}))\n"
    )
    waiting = subprocess.Popen([sys.executable, "-c", program])
    try:
        deadline = time.monotonic() + 60
        while not (tmp_path / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        waiting.send_signal(number)
        assert waiting.wait(60) == 128 + number
    finally:
        waiting.kill()
        waiting.wait()
    assert gone(leftovers, mark)
