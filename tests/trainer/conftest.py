"""Real daemons in homes of their own; no test may leave a process behind."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gym_gui.trainer.client import TrainerClient
from gym_gui.trainer.lifecycle import stop_daemon
from gym_gui.workers.catalog import WorkerCatalog


def busy() -> float:
    """Return how many times longer things take than on a quiet machine: deadlines are meant for one."""
    return max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0)))


def eventually(condition: Callable[[], Any], what: str = "condition", timeout_s: float = 30.0) -> Any:
    """Return the condition's value once it is true."""
    deadline = time.monotonic() + timeout_s * busy()
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout_s:g} s: {what}")
        time.sleep(0.02)


def processes_of(home: Path) -> dict[int, str]:
    """Return the processes (pid to command line) whose ``MOSAIC_HOME`` is a home, this one aside."""
    marker = f"MOSAIC_HOME={home}\0".encode()
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            environment = (folder / "environ").read_bytes() + b"\0"
            if marker in environment and b") Z " not in (folder / "stat").read_bytes():
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
    return found


@pytest.fixture(scope="session")
def worker_records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of the installed workers, made once: probing them takes seconds."""
    home = tmp_path_factory.mktemp("records")
    WorkerCatalog(home).list()
    return home / "workers"


@pytest.fixture
def daemon_home(home: Path, worker_records: Path) -> Iterator[Path]:
    """A home whose daemon is stopped after the test; every process of it must end by itself within 5 s."""
    shutil.copytree(worker_records, home / "workers")
    yield home

    try:
        stop_daemon(home)
        eventually(lambda: not processes_of(home), f"no process of {home} is left: {processes_of(home)}", 5.0)
    finally:
        for pid in processes_of(home):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def client(daemon_home: Path) -> Iterator[TrainerClient]:
    """A client of the home's daemon; what still runs in the end is cancelled, whichever daemon there is then."""
    with TrainerClient.connect(daemon_home) as client:
        yield client
        with TrainerClient.connect(daemon_home) as last:
            for run in last.list(limit=1000):
                if not run.state.terminal:
                    last.cancel(run.run_id, wait=True)


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    """Poll a condition until it is true."""
    return eventually


@pytest.fixture
def living() -> Callable[[Path], dict[int, str]]:
    """Find the processes of a home."""
    return processes_of


@pytest.fixture
def random_config() -> Callable[..., dict[str, Any]]:
    """A run config of the random worker; keyword arguments go into the worker's config."""

    def make(run_name: str = "test", **config: Any) -> dict[str, Any]:
        settings = {"env_id": "CartPole-v1", "seed": 1, "heartbeat_interval_s": 0, **config}
        return {"run_name": run_name, "metadata": {"worker": {"worker_id": "random", "config": settings}}}

    return make


@pytest.fixture
def endless(random_config: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """A run config that lasts until it is cancelled, and prints slowly."""
    return {**random_config(total_steps=10**9, step_rate=200.0), "limits": {"shutdown_timeout_s": 3.0}}
