"""A daemon in a home of its own, for benchmarks that measure the whole path."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gym_gui.rpc import TrainerClient, start_daemon, stop_daemon
from gym_gui.runs import RunFilter, RunFolder, RunState, RunSummary

LOAD = Path(__file__).with_name("load.py")
WORKER_ID = "000001"
_ACTIVE = tuple(state for state in RunState if not state.terminal)


@contextlib.contextmanager
def daemon(fill: Callable[[Path], None] = lambda _: None, **settings: object) -> Iterator[tuple[Path, TrainerClient]]:
    """Give a home and a client of its daemon; runs that still go are cancelled at the end.

    Args:
        fill: Called with the home before the daemon starts.
        settings: Settings of the daemon, by name.
    """
    given = {"daemon_port": 0, "log_level": "WARNING", "compress_logs_mb": 0, **settings}
    old = {f"MOSAIC_{name.upper()}": os.environ.get(f"MOSAIC_{name.upper()}") for name in given}
    os.environ.update({f"MOSAIC_{name.upper()}": str(value) for name, value in given.items()})
    try:
        with tempfile.TemporaryDirectory(prefix="mosaic-bench-") as scratch:
            home = Path(scratch)
            fill(home)
            start_daemon(home)
            try:
                with TrainerClient.connect(home) as client:
                    yield home, client
            finally:
                with TrainerClient.connect(home) as last:
                    for run in last.list(RunFilter(states=_ACTIVE), limit=1000):
                        last.cancel(run.run_id, wait=True)
                stop_daemon(home)
    finally:
        for name, value in old.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def load(how: str, events: int, *, rate: float = 0.0, stamped: bool = False, workers: int = 1) -> dict[str, Any]:
    """Return the config of a run whose workers print numbered events.

    Args:
        how: ``print``, ``sdk``, ``episodes`` (as ``sdk``, with one after every 200 steps) or ``metrics``.
        events: How many each worker prints.
        rate: Events per second and worker; 0: as fast as it can.
        stamped: With the time in each event.
        workers: How many print at once.
    """
    words = [str(LOAD), "--how", how, "--events", str(events), "--rate", str(rate)]
    return {
        "run_name": f"load {how}",
        "entry_point": sys.executable,
        "arguments": [*words, "--stamped"] if stamped else words,
        "metadata": {"worker": {"replicas": workers}},
        "limits": {"shutdown_timeout_s": 5.0},
    }


def first_event(folder: RunFolder, worker_id: str = WORKER_ID) -> float:
    """Return the monotonic time at which a worker began to print; waits for it."""
    path = folder.work(worker_id) / "first_event"
    return float(until(lambda: path.read_text() if path.exists() else "", "the worker's start"))


def until(condition: Callable[[], Any], what: str, timeout_s: float = 600.0, pause_s: float = 0.01) -> Any:
    """Return the condition's value once it is true.

    Raises:
        TimeoutError: It never was.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout_s:g} s: {what}")
        time.sleep(pause_s)


def wait(client: TrainerClient, run_id: str) -> RunSummary:
    """Return a run's last value when it has ended, looking as seldom as can be: a watched run is treated better."""
    return until(lambda: (run := client.get(run_id)).state.terminal and run, f"the end of {run_id}", pause_s=0.2)  # type: ignore[no-any-return]


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, of all its threads."""
    return time.clock_gettime(~pid << 3 | 2)  # Linux's clock of another process, as clock_getcpuclockid() returns it


def resident_mb(pid: int) -> float:
    """Return what a process holds in memory and shares with nobody's file, MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0
