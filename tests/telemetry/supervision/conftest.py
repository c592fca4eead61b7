"""Fixtures of the tests that start and kill real processes."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from gym_gui.runs.files import write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import new_run_id
from gym_gui.runs.lock import is_locked
from gym_gui.runs.plan import Limits, RunPlan, WorkerPlan
from gym_gui.runs.plan_io import save_plan
from gym_gui.runs.summary import RunSummary
from gym_gui.telemetry.identity import ProcessIdentity
from gym_gui.telemetry.processes import marked_processes
from gym_gui.telemetry.summary import read_summary
from gym_gui.telemetry.supervisor_log import read_events
from gym_gui.telemetry.verify import verify_run

T = TypeVar("T")
_STEP = re.compile(rb'"event_type": ?"step"')


def busy() -> float:
    """Return how many times longer things take than on a quiet machine: deadlines are meant for one."""
    return max(1.0, os.getloadavg()[0] / len(os.sched_getaffinity(0)))


@pytest.fixture
def badworker() -> Path:
    """The worker that misbehaves on purpose."""
    return Path(__file__).parents[2] / "fixtures" / "badworker.py"


@pytest.fixture
def until() -> Callable[..., object]:
    """Ask again and again until the answer is truthy; fail after a deadline (seconds)."""

    def wait(question: Callable[[], T], limit: float = 20.0) -> T:
        deadline = time.monotonic() + limit * busy()
        while True:
            answer = question()
            if answer:
                return answer
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.01)

    return wait


@pytest.fixture
def kill_marked() -> Callable[[str], int]:
    """Kill every process of a run; return how many there were."""

    def kill(run_id: str) -> int:
        killed = 0
        for _ in range(50):
            left = marked_processes(run_id)
            killed += len(left)
            for process in left:
                process.signal(signal.SIGKILL)
            if not left:
                break
            time.sleep(0.02)
        return killed

    return kill


@pytest.fixture
def make_run_id(kill_marked: Callable[[str], int]) -> Iterator[Callable[[], str]]:
    """New run ids; whatever process carries one at the end of the test is killed."""
    made: list[str] = []

    def make() -> str:
        made.append(new_run_id())
        return made[-1]

    yield make
    for run_id in made:
        kill_marked(run_id)


class Run:
    """A run in a folder of its own, and the proxies that supervise it."""

    def __init__(self, home: Path, run_id: str, badworker: Path, workers: dict[str, list[str]], **plan: Any) -> None:
        self.folder = RunFolder.of(home, run_id)
        self.folder.create()
        self.proxies: list[subprocess.Popen[bytes]] = []
        configs = plan.pop("configs", {})
        pausable = plan.pop("pausable", False)
        planned = []
        for number, (worker_id, words) in enumerate(workers.items(), start=1):
            config = str(self.folder.worker_config(worker_id))
            argv = [sys.executable, "-S", str(badworker), *words]
            if worker_id in configs:
                argv += ["--config", config]
            planned.append(
                WorkerPlan(
                    worker_no=number,
                    worker_id=worker_id,
                    worker_type="bad",
                    argv=plan.get("argv") or argv,
                    config=configs.get(worker_id, {}),
                    seed=7,
                    pausable=pausable,
                )
            )
        plan.pop("argv", None)
        self.plan = RunPlan(
            run_id=run_id, run_name="bad", digest="d", created_at=time.time(), config={}, workers=planned, **plan
        )
        save_plan(self.folder, self.plan)

    def start(self) -> subprocess.Popen[bytes]:
        """Start a proxy as a process of its own."""
        code = (
            "import sys; from pathlib import Path; from gym_gui.runs.folder import RunFolder;"
            "from gym_gui.telemetry.proxy import NoReporter, Proxy;"
            "sys.exit(Proxy(RunFolder(Path(sys.argv[1])), NoReporter()).run())"
        )
        command = [sys.executable, "-c", code, str(self.folder.path)]
        with self.folder.proxy_log.open("ab") as log:
            self.proxies.append(subprocess.Popen(command, stderr=log, start_new_session=True))
        return self.proxies[-1]

    def finish(self, limit: float = 60.0) -> RunSummary:
        """Start a proxy if none lives, wait for the end of the run, and check what every run promises."""
        if not self.proxies or self.proxies[-1].poll() is not None:
            self.start()
        assert self.proxies[-1].wait(limit * busy()) == 0, self.said()
        return self.check()

    def check(self) -> RunSummary:
        """Nothing lives, nothing is lost, nothing is there twice, and everybody tells the same."""
        assert marked_processes(self.folder.run_id) == []
        assert not is_locked(self.folder.proxy_lock)
        assert not list(self.folder.path.glob("telemetry.db-*"))
        summary = read_summary(self.folder)
        assert summary.state.terminal
        assert summary.ledger.balanced
        assert summary.lag_bytes == 0
        logs = [self.log(worker.worker_id, n) for worker in self.plan.workers for n in range(1, 10)]
        lines = sum(len(log.split(b"\n")) - (not log or log.endswith(b"\n")) for log in logs)
        assert summary.ledger.lines == lines
        steps = sum(len(_STEP.findall(_whole_part(log))) for log in logs)
        assert self.query("SELECT count(*) FROM steps") == [(steps,)]
        report = verify_run(self.folder)
        assert report.ok, report
        return summary

    def query(self, sql: str) -> list[Any]:
        with contextlib.closing(sqlite3.connect(self.folder.database)) as connection:
            return connection.execute(sql).fetchall()

    def log(self, worker_id: str = "a", attempt: int = 1) -> bytes:
        path = self.folder.stdout_log(worker_id, attempt)
        return path.read_bytes() if path.exists() else b""

    def events(self, name: str = "") -> list[dict[str, Any]]:
        return [event for event in read_events(self.folder.supervisor_log) if not name or event["event"] == name]

    def started(self, worker_id: str = "a", attempt: int = 1) -> dict[str, Any] | None:
        """The started record, once it has the worker's pid."""
        try:
            record: dict[str, Any] = json.loads(self.folder.started_record(worker_id, attempt).read_bytes())
        except FileNotFoundError:
            return None
        return record if record["worker"] is not None else None

    def pid(self, who: str, worker_id: str = "a", attempt: int = 1) -> int:
        record = self.started(worker_id, attempt)
        assert record is not None
        pid: int = record[who]["pid"]
        return pid

    def cancel(self) -> None:
        write_json_atomic(self.folder.cancel_intent, {"at": time.time(), "by": "ann", "reason": "enough"})

    def said(self) -> str:
        return self.folder.proxy_log.read_text() if self.folder.proxy_log.exists() else ""

    def clean_up(self) -> None:
        for proxy in self.proxies:
            if proxy.poll() is None:
                proxy.kill()
            proxy.wait()
        for path in self.folder.control.glob("*.started.json"):
            launcher = json.loads(path.read_bytes())["launcher"]
            msgspec.convert(launcher, ProcessIdentity).signal(signal.SIGKILL)


def _whole_part(log: bytes) -> bytes:
    """A log without the last line, if that is torn."""
    whole, _, last = log.rpartition(b"\n")
    with contextlib.suppress(ValueError):
        json.loads(last)
        return log
    return whole


@pytest.fixture
def new_run(home: Path, badworker: Path, make_run_id: Callable[[], str]) -> Iterator[Callable[..., Run]]:
    """Make runs of the misbehaving worker; their processes are killed at the end."""
    made: list[Run] = []

    def make(*words: str, workers: dict[str, list[str]] | None = None, **plan: Any) -> Run:
        limits = plan.pop("limits", {})
        plan["limits"] = Limits(**{"shutdown_timeout_s": 10.0, **limits})
        made.append(Run(home, make_run_id(), badworker, workers or {"a": list(words)}, **plan))
        return made[-1]

    yield make
    for run in made:
        run.clean_up()
