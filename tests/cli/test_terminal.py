"""The command on a real terminal: the live view, and what Ctrl-C asks."""

from __future__ import annotations

import io
import re
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

MARK = r"Detach and leave it running, or cancel it\? Ctrl-C again cancels\. \[D/c\]"
SLOW = (
    "import time\nfor i in range(100000):\n"
    "    say(event_type='step', step_index=i, ep_index=i, reward=1.0)\n"
    "    say(event_type='episode', ep_index=i, total_reward=12.5, steps=1)\n"
    "    time.sleep(0.02)"
)


@pytest.fixture
def terminal(script: Any) -> Iterator[Any]:
    """Start the command on a terminal of 100 columns."""
    started: list[Any] = []

    def start(*arguments: str, width: int = 100) -> Any:
        environment = {**script.environment, "TERM": "xterm-256color"}
        environment.pop("COLUMNS", None)
        environment.pop("NO_COLOR", None)
        command = str(Path(sys.executable).parent / "mosaic")
        child = pexpect.spawn(
            command, list(arguments), env=environment, dimensions=(30, width), encoding="utf-8", timeout=60
        )
        child.logfile_read = io.StringIO()
        started.append(child)
        return child

    yield start
    for child in started:
        child.close(force=True)


def begin(terminal: Any, **more: Any) -> Any:
    child = terminal(
        "train", "script", f"--set=code={SLOW}", "--set", "total_steps=100000", "--name", "slow one", **more
    )
    child.expect("running")
    child.expect(r"12\.5")
    return child


def state(script: Any) -> str:
    found: str = script("runs", "show", "latest", "--json").json["state"]
    return found


def test_waits_before_the_view_say_what_they_are_for(terminal: Any, script: Any) -> None:
    child = terminal("train", "script", "--set=code=pass")
    for message in ("asking worker script what it takes", "checking the config", "starting the daemon", "completed"):
        child.expect(message)


def test_the_live_view_shows_every_column(terminal: Any, script: Any) -> None:
    child = begin(terminal)
    for header in ("run", "state", "progress", "steps", "steps/s", "episodes", "return", "ETA"):
        assert header in child.logfile_read.getvalue()
    child.expect("slow one.*running.*/100k")
    child.sendintr()
    child.expect(MARK)
    child.send("c")
    child.expect("cancelling")
    child.expect("cancelled")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert state(script) == "cancelled"


@pytest.mark.parametrize("key", ["d", "\r", "xD"])
def test_ctrl_c_and_d_or_enter_leaves_the_run_going(terminal: Any, script: Any, key: str) -> None:
    child = begin(terminal)
    child.sendintr()
    child.expect(MARK)
    child.send(key)
    child.expect("left running; watch it: mosaic runs watch")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert state(script) == "running"
    assert script("runs", "cancel", "latest", "--wait").code == 0


def test_a_second_ctrl_c_cancels(terminal: Any, script: Any) -> None:
    child = begin(terminal)
    child.sendintr()
    child.expect(MARK)
    child.sendintr()
    child.expect("cancelling")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert state(script) == "cancelled"


@pytest.mark.parametrize(
    ("pipe", "where"),
    [
        ("| tee {log}", "terminal"),
        ("2>&1 | tee {log}", "terminal"),
        ("2>{log} | cat", "log"),
        ("| sleep 0.2", "terminal"),  # ends before the Ctrl-C: stdout has no reader any more
    ],
)
def test_ctrl_c_in_a_pipeline_cancels_and_says_so(
    script: Any, tmp_path: Path, wait_until: Any, pipe: str, where: str
) -> None:
    log = tmp_path / "log.txt"
    command = f"mosaic train script --set code={shlex.quote(SLOW)} {pipe.format(log=log)}"
    path = f"{Path(sys.executable).parent}:{script.environment['PATH']}"
    child = pexpect.spawn(
        "bash", ["-c", command], env={**script.environment, "PATH": path}, encoding="utf-8", timeout=60
    )
    child.logfile_read = io.StringIO()
    try:
        wait_until(lambda: newest_state(script) == "running", "the run runs")
        child.sendintr()
        child.expect(pexpect.EOF)
        child.wait()
        said = child.logfile_read.getvalue() if where == "terminal" else log.read_text()
        assert "Ctrl-C: cancelling; the workers get time to save" in said
        assert "Traceback" not in said
        wait_until(lambda: newest_state(script) == "cancelled", "the run is cancelled")
    finally:
        child.close(force=True)


def newest_state(script: Any) -> str:
    found = script("runs", "list", "--json").json["runs"]
    return found[0]["state"] if found else ""


@pytest.mark.parametrize("width", [60, 70, 80, 160])
def test_the_view_fits_into_the_terminal(width: int) -> None:
    from rich.console import Console

    from gym_gui.app.progress import RunProgress
    from gym_gui.cli.progress.live import table_of
    from gym_gui.runs.states import RunState
    from gym_gui.runs.summary import RunSummary

    progress = RunProgress("a run with quite a long name indeed seed1")
    run = RunSummary(run_id="r", state=RunState.RUNNING, steps=123_456, target_steps=1_000_000, episodes=12_345,
                     mean_return_100=-1234.5, started_at=0.0)  # fmt: skip
    progress.update(run, 0.0)
    progress.update(
        RunSummary(**{name: getattr(run, name) for name in run.__struct_fields__} | {"steps": 125_000}), 1.0
    )
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table_of([progress], 2.0, width))
    text = console.export_text()
    assert all(len(line) <= width for line in text.splitlines())
    for part in ("running", "125k" if 76 <= width < 92 else "12%", "-1,234.5", "12,345", "seed1"):
        assert part in text


@pytest.mark.parametrize("width", [60, 80, 120])
def test_the_view_says_what_no_column_shows(width: int) -> None:
    """A worker that hangs behind its heartbeat, a run that waits, episodes without a finite return."""
    from rich.console import Console

    from gym_gui.app.progress import RunProgress, nan_text
    from gym_gui.cli.progress.live import table_of
    from gym_gui.runs.states import RunState
    from gym_gui.runs.summary import RunSummary, WorkerSummary

    hung = WorkerSummary(
        worker_id="000001", worker_type="x", state=RunState.RUNNING, steps=17, last_step_at=time.time() - 90
    )
    runs = [
        RunSummary(run_id="a", state=RunState.RUNNING, steps=17, nan_episodes=2, workers=[hung]),
        RunSummary(run_id="b", state=RunState.QUEUED, cause="waits for 1 GPU"),
        RunSummary(run_id="c", state=RunState.COMPLETED, cause="exit code 0", nan_episodes=7),
    ]
    rows = []
    for run, label in zip(runs, ("hangs", "waits", "done"), strict=True):
        rows.append(RunProgress(label))
        rows[-1].update(run, 0.0)
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(table_of(rows, 2.0, width))
    text = " ".join(console.export_text().split())
    odd = nan_text(runs[0])
    assert re.search(rf"hangs: {re.escape(odd)} · no step for 9\d s", text)
    assert "waits: waits for 1 GPU" in text
    assert "done:" not in text
