"""Which run is to blame for the hanging or the death of a shared process, and that the others stay together."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import ClassVar

import pytest

from gym_gui.proxy import read_summary
from gym_gui.runs import RunFolder, RunPlan, WorkerPlan, new_run_id, save_plan, write_json_atomic
from gym_gui.trainer.executors import shared
from gym_gui.trainer.executors.shared import EARLY_DEATHS, SharedExecutor
from gym_gui.trainer.executors.shared_process import SharedRun

PATIENCE_S = 60.0
TROUBLE = """
import os, signal, sys, time
from gym_gui.supervision.local_provisioner import LocalProvisioner

SHARED = "shared_main" in sys.argv[0]

class Hanging(LocalProvisioner):
    def observe(self, attempt):
        if SHARED:
            (self._folder.path / "hangs").touch()
            time.sleep(600)
        return super().observe(attempt)

class Dying(LocalProvisioner):
    def observe(self, attempt):
        if SHARED:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().observe(attempt)
"""


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Shared(SharedExecutor):
    """With the workers on this machine, and a clock that stands still until it is set."""

    name: ClassVar[str] = "shared"
    look_s: ClassVar[float] = 0.0

    def __init__(self, home: Path) -> None:
        super().__init__(home)
        self.clock = self._clock = Clock()  # type: ignore[assignment]

    @property
    def alone(self) -> set[str]:
        """The runs with a process of their own."""
        return set(self._children)


@pytest.fixture(autouse=True)
def _none_left(tmp_path: Path, living: Callable[[Path], dict[int, str]], wait_until: Callable[..., object]) -> object:
    yield
    wait_until(lambda: not living(tmp_path), "no process is left", 10.0)


@pytest.fixture
def trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "trouble.py").write_text(TROUBLE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("MOSAIC_PROXY_TIMEOUT_S", str(PATIENCE_S))


def new_run(home: Path, provisioner: str = "") -> RunFolder:
    folder = RunFolder.of(home, new_run_id())
    folder.create()
    argv = [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"]
    worker = WorkerPlan(worker_no=1, worker_id="000001", worker_type="command", argv=argv)
    plan = RunPlan(
        run_id=folder.run_id, run_name="", digest="", created_at=0.0, config={}, workers=[worker],
        provisioner=provisioner,
    )  # fmt: skip
    save_plan(folder, plan)
    return folder


async def until(condition: Callable[[], bool], step: Callable[[], Awaitable[None]] | None = None) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it does not come about"
        if step is not None:
            await step()
        await asyncio.sleep(0.02)


class Scene:
    """Three good runs under way in one process, and a bad one."""

    def __init__(self, home: Path, provisioner: str) -> None:
        self.executor = Shared(home)
        self.good = [new_run(home) for _ in range(3)]
        self.bad = new_run(home, provisioner)
        self.processes: list[object] = []

    async def begin(self) -> None:
        for folder in self.good:
            await self.executor.start(folder)
        await until(lambda: all(read_summary(folder).workers[0].pid for folder in self.good))
        await self.executor.start(self.bad)
        self.processes += self.executor._processes

    async def supervise(self) -> None:
        """Start those again that have no supervisor, as the daemon does."""
        for folder in (*self.good, self.bad):
            if not await self.executor.alive(folder):
                await self.executor.start(folder)
            self.processes += [each for each in self.executor._processes if each not in self.processes]

    async def end(self) -> None:
        """Look that the good ones share one process and all workers still run; then end all."""
        await until(lambda: bool(read_summary(self.bad).workers[0].pid), self.supervise)
        assert self.executor.alone == {self.bad.run_id}
        assert [len(process.runs) for process in self.executor._processes] == [len(self.good)]
        for folder in (*self.good, self.bad):
            write_json_atomic(folder.cancel_intent, {"at": time.time(), "by": "test", "reason": ""})
        for folder in (*self.good, self.bad):
            while await self.executor.alive(folder):
                await asyncio.sleep(0.02)
            await self.executor.cleanup(folder)
            run = read_summary(folder)
            assert (run.state.value, run.attempts) == ("cancelled", 1)


@pytest.mark.process
@pytest.mark.usefixtures("trouble")
def test_a_run_whose_turn_does_not_end_gets_a_process_of_its_own(tmp_path: Path) -> None:
    async def scenario() -> None:
        scene = Scene(tmp_path, "trouble:Hanging")
        await scene.begin()
        await until((scene.bad.path / "hangs").exists)
        executor = scene.executor
        while await executor.alive(scene.good[0]):  # its turn does not come, which is not its fault
            executor.clock.now += 5.0
        assert executor.clock.now > PATIENCE_S
        await until(lambda: scene.bad.run_id in executor.alone, scene.supervise)
        await scene.end()
        assert len(scene.processes) == 2

    asyncio.run(scenario())


@pytest.mark.process
@pytest.mark.usefixtures("trouble")
def test_a_run_in_whose_turn_the_process_dies_gets_one_of_its_own(tmp_path: Path) -> None:
    async def scenario() -> None:
        scene = Scene(tmp_path, "trouble:Dying")
        await scene.begin()
        await until(lambda: scene.bad.run_id in scene.executor.alone, scene.supervise)
        await scene.end()
        assert len(scene.processes) == 1 + EARLY_DEATHS

    asyncio.run(scenario())


class Process:
    """In place of a shared process: it dies in no run's turn if it has a certain run."""

    deadly: ClassVar[str] = ""

    def __init__(self, _home: Path, most: int, _patience_s: float) -> None:
        self.most, self.runs, self.alive = most, dict[str, SharedRun](), True
        self.still, self.hangs, self.turn = False, False, ""

    def has_room(self, _files: int, most: int) -> bool:
        return len(self.runs) < min(most, self.most)

    def add(self, folder: RunFolder, files: int) -> bool:
        self.runs[folder.run_id] = SharedRun(time.monotonic(), files)
        return True

    def look(self) -> None:
        self.alive = self.alive and self.deadly not in self.runs

    def close(self) -> None:
        self.alive = False

    kill = close


def test_where_it_is_unknown_which_run_it_is_they_are_divided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [RunFolder.of(tmp_path, new_run_id()) for _ in range(64)]
    monkeypatch.setattr(Process, "deadly", folders[20].run_id)
    monkeypatch.setattr(shared, "SharedProcess", Process)
    monkeypatch.setattr(shared, "start_proxy", lambda folder: folder)
    executor, rounds = Shared(tmp_path), 0

    async def start_all() -> None:
        for folder in folders:
            if executor._process_of(folder) is None and folder.run_id not in executor.alone:
                await executor.start(folder)

    while Process.deadly not in executor.alone:
        asyncio.run(start_all())
        rounds += 1
        assert rounds < 20
    assert len(executor.alone) <= 2
    assert len(executor._processes) <= 8
    assert sum(len(process.runs) for process in executor._processes) == 64 - len(executor.alone)
