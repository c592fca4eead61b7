"""Runs of the misbehaving worker under a real daemon, every process of which can be killed or stopped.

``make test-faults`` runs all cells and prints how many were run, skipped and failed. ``LOAD=10`` keeps so many
processes busy beside them, ``REPEAT=50`` runs each cell so many times, ``CELLS=…`` chooses cells as ``pytest -k`` does.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from daemons import client, daemon_home, worker_records
from supervised_runs import Run, badworker, kill_marked, make_run_id, new_run, until
from waiting import busy as how_busy
from waiting import eventually, processes_of

from gym_gui.proxy.summary import read_summary
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.lock import is_locked
from gym_gui.runs.plan import load_plan
from gym_gui.runs.summary import RunSummary
from gym_gui.supervision.identity import ProcessIdentity
from gym_gui.trainer.finalize import is_finished
from gym_gui.trainer.home import DaemonHome

HERE = Path(__file__).parent
PATIENCE_S = 5.0
"""Within so many seconds nothing of a run is left, on a machine that has a processor to give."""
SIZE = 64 << 20


class DaemonRun(Run):
    """A run that was submitted to a daemon."""

    def __init__(self, folder: RunFolder) -> None:
        self.folder = folder
        self.plan = load_plan(folder)
        self.proxies = []

    @property
    def run_id(self) -> str:
        return self.folder.run_id

    def summary(self) -> RunSummary:
        """The run as its folder tells it."""
        return read_summary(self.folder)

    def victim(self, name: str) -> int | None:
        """The pid of one of the run's processes, ``None`` while there is none."""
        if name == "proxy":
            return _living(self.folder.proxy_identity)
        try:
            record = json.loads(self.folder.started_record("a", self.summary().attempts or 1).read_bytes())
        except FileNotFoundError:
            return None
        pid: int | None = (record[name] or {}).get("pid")
        return pid


class Cluster:
    """A home with its daemon, and the runs that were submitted to it.

    Args:
        home: The home.
        badworker: The program that its runs run.
    """

    def __init__(self, home: Path, badworker: Path) -> None:
        self.home = home
        self._badworker = badworker

    def submit(self, *words: str, **config: Any) -> DaemonRun:
        """Submit a run of one worker, ``a``; a daemon is started if none runs."""
        payload = {
            "run_name": "fault",
            "entry_point": sys.executable,
            "arguments": ["-S", str(self._badworker), *words],
            "environment": {"WORKER_ID": "a"},
            **config,
        }
        payload["limits"] = {"shutdown_timeout_s": 1.0, "startup_timeout_s": 20.0, **config.get("limits", {})}
        with TrainerClient.connect(self.home) as client:
            return DaemonRun(RunFolder.of(self.home, client.submit(payload)))

    def daemon_pid(self) -> int | None:
        """The pid of the daemon that lives, ``None`` if none does."""
        daemon = DaemonHome(self.home).daemon()
        return None if daemon is None else daemon.pid

    def wait(self, run: DaemonRun, timeout_s: float = 60.0) -> RunSummary:
        """Have a daemon (a new one where none lives) see the run to its end, and check what every run promises."""
        with TrainerClient.connect(self.home) as client:
            eventually(lambda: client.get(run.run_id).state.terminal, f"the end of {run.run_id}", timeout_s)
            eventually(lambda: is_finished(run.folder) and client.status().active_runs == 0, "the run in order")
            told = client.get(run.run_id)
        # Whoever did not start the proxy hears of the end from its records, just before it has let go of the run.
        eventually(lambda: not is_locked(run.folder.proxy_lock), "the end of the proxy", PATIENCE_S)
        summary: RunSummary = run.check()
        assert (told.state, told.cause, told.ledger) == (summary.state, summary.cause, summary.ledger)
        return summary

    def left(self) -> dict[int, str]:
        """Processes of the home beside the daemon and the proxy that it keeps ready."""
        found = processes_of(self.home)
        return {pid: line for pid, line in found.items() if pid != self.daemon_pid() and "--spare" not in line}

    def kill(self, pid: int | None, number: int = signal.SIGKILL) -> None:
        """Signal a process that may be gone already."""
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


#: Ends with the process that started it, however that ends.
_BUSY = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): sum(range(100_000))"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each cell as often as asked."""
    repeat = int(os.environ.get("FAULT_REPEAT", "1"))
    if repeat > 1:
        metafunc.parametrize("repetition", range(1, repeat + 1), indirect=True)


@pytest.fixture(autouse=True)
def repetition(request: pytest.FixtureRequest) -> int:
    """Number of this repetition of the cell, from 1."""
    return int(getattr(request, "param", 1))


@pytest.fixture(scope="session", autouse=True)
def load() -> Iterator[None]:
    """As many busy processes beside the cells as asked."""
    command = [sys.executable, "-I", "-S", "-c", _BUSY, str(os.getpid())]
    busy = [subprocess.Popen(command) for _ in range(int(os.environ.get("FAULT_LOAD", "0")))]
    yield
    for process in busy:
        process.kill()
        process.wait()


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """The home on a file system of 64 MiB."""
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", home]).returncode:
        pytest.skip("cannot mount a file system")
    yield home
    subprocess.run(["umount", "-l", home], check=True)


@pytest.fixture
def fill() -> Callable[..., Path]:
    """Take all the room of a disk but so many MiB; return the file to remove."""

    def take(disk: Path, leave_mb: int = 0) -> Path:
        path = disk / "others"
        with path.open("wb", buffering=0) as stream:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while shutil.disk_usage(disk).free >= (leave_mb << 20) + size and stream.write(b"x" * size):
                        pass
            if not leave_mb:  # what is left of the last page
                with contextlib.suppress(OSError):
                    while stream.write(b"x"):
                        pass
        return path

    return take


@pytest.fixture
def cluster(home: Path, badworker: Path) -> Iterator[Cluster]:
    """A home whose processes all end within 5 s: those of its runs by themselves, the daemon when it is told to."""
    made = Cluster(home, badworker)
    yield made
    try:
        eventually(lambda: not made.left(), f"left behind: {made.left()}", PATIENCE_S)
        stop_daemon(home)
        eventually(lambda: not processes_of(home), f"left behind: {processes_of(home)}", PATIENCE_S)
    finally:
        for pid in processes_of(home):
            made.kill(pid)


@pytest.fixture
def busy() -> Callable[[], float]:
    """Tell how many times longer things take than on a quiet machine."""
    return how_busy


@pytest.fixture
def make_daemon_run() -> Callable[[RunFolder], DaemonRun]:
    """Look at a run that was submitted by other means."""
    return DaemonRun


def _living(identity: Path) -> int | None:
    try:
        process = ProcessIdentity(**json.loads(identity.read_bytes()))
    except FileNotFoundError:
        return None
    return process.pid if process.alive() else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where all faults are asked for, the cells of the fair slice belong to them."""
    if config.getoption("markexpr") != "fault":
        return
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.fault)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print how many cells were run, skipped and why, and failed."""
    stats = terminalreporter.stats
    ours = {
        outcome: [report for report in stats.get(outcome, []) if str(report.nodeid).startswith("tests/faults/")]
        for outcome in ("passed", "failed", "error", "skipped")
    }
    run = len(ours["passed"]) + len(ours["failed"])
    if not run and not ours["skipped"]:
        return
    terminalreporter.section("fault cells")
    failed = {report.nodeid: None for outcome in ("failed", "error") for report in ours[outcome]}
    terminalreporter.write_line(f"{run} run, {len(ours['skipped'])} skipped, {len(failed)} failed")
    for reason, count in Counter(_reason(report) for report in ours["skipped"]).items():
        terminalreporter.write_line(f"skipped {count}: {reason}")
    for nodeid in failed:
        terminalreporter.write_line(f"failed: {nodeid}")


def _reason(report: Any) -> str:
    return str(report.longrepr[2]).removeprefix("Skipped: ") if isinstance(report.longrepr, tuple) else ""
