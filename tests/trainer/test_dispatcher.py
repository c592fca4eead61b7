"""The dispatcher with supervisors that misbehave on purpose."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from capacities import new_dispatcher

from gym_gui.proxy.summary import read_summary
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.grant import write_grant
from gym_gui.runs.ids import new_run_id
from gym_gui.runs.lock import FileLock
from gym_gui.runs.plan import RunPlan, WorkerPlan, load_plan, save_plan
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary
from gym_gui.runs.supervisor_log import SupervisorLog
from gym_gui.trainer import restarts
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.live_marks import LiveRuns
from gym_gui.trainer.machine import Inventory, Machine
from gym_gui.trainer.registry import Registry


class DyingExecutor(Executor):
    """Its supervisors die at once, or cannot even be started."""

    name = "dying"

    def __init__(self, refuses: bool = False) -> None:
        self.starts = 0
        self.refuses = refuses

    async def start(self, folder: RunFolder) -> None:
        self.starts += 1
        if self.refuses:
            raise OSError("no processes left")

    async def alive(self, folder: RunFolder) -> bool:
        return False

    async def kill(self, folder: RunFolder) -> None:
        """There is nothing to kill."""

    async def cleanup(self, folder: RunFolder) -> None:
        """There is nothing to clean up."""


@pytest.fixture
def board(home: Path) -> Iterator[RunBoard]:
    board = RunBoard(Registry(home / "registry.db"))
    yield board
    board.registry.close()


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restarts, "_SECOND_S", 0.001)
    monkeypatch.setattr(restarts, "_LONGEST_S", 0.01)
    monkeypatch.setattr(Executor, "look_s", 0.01)


def new_run(home: Path, board: RunBoard) -> RunSummary:
    folder = RunFolder.of(home, new_run_id())
    LiveRuns(home / "runs").add(folder.run_id)
    folder.create()
    worker = WorkerPlan(worker_no=1, worker_id="000001", worker_type="x", argv=[sys.executable])
    save_plan(
        folder,
        RunPlan(
            run_id=folder.run_id,
            run_name="x",
            digest="",
            created_at=1.0,
            config={},
            workers=[worker],
            executor="dying",
        ),
    )
    return board.registry.add(read_summary(folder))


def plan_of(home: Path, run: RunSummary) -> RunPlan:
    return load_plan(RunFolder.of(home, run.run_id))


async def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("refuses", [False, True])
def test_a_run_whose_supervisors_keep_dying_is_lost_in_the_end(home: Path, board: RunBoard, refuses: bool) -> None:
    async def scenario() -> None:
        executor, run = DyingExecutor(refuses), new_run(home, board)
        dispatcher = new_dispatcher(board, {"dying": executor}, 1, home)
        dispatcher.enqueue([(run, plan_of(home, run))])
        await until(lambda: board.get(run.run_id).state.terminal)
        assert executor.starts == restarts.LIMIT + 1
        await dispatcher.close()

    asyncio.run(scenario())
    (run,) = board.registry.list()
    assert run.state is RunState.LOST
    assert "proxy.log" in run.cause
    assert read_summary(RunFolder.of(home, run.run_id)).state is RunState.LOST
    assert LiveRuns(home / "runs").all() == set()


def test_a_run_whose_provisioner_is_gone_is_lost_with_the_reason(home: Path, board: RunBoard) -> None:
    async def scenario() -> None:
        run = new_run(home, board)
        folder = RunFolder.of(home, run.run_id)
        folder.logs.mkdir(exist_ok=True)
        log = SupervisorLog(folder.supervisor_log)
        log.append("proxy", run_id=run.run_id, pid=1)
        log.append("proxy_failed", run_id=run.run_id, cause="its provisioner is gone")
        log.close()
        dispatcher = new_dispatcher(board, {"dying": DyingExecutor()}, 1, home)
        dispatcher.adopt(run, plan_of(home, run))
        await until(lambda: board.get(run.run_id).state.terminal)
        await dispatcher.close()

    asyncio.run(scenario())
    (run,) = board.registry.list()
    assert (run.state, run.cause) == (RunState.LOST, "its provisioner is gone")
    assert [worker.state for worker in run.workers] == [RunState.LOST]


def test_as_long_as_a_worker_lives_its_run_is_not_lost(home: Path, board: RunBoard) -> None:
    async def scenario() -> None:
        executor, run = DyingExecutor(), new_run(home, board)
        lock = FileLock(RunFolder.of(home, run.run_id).launch_lock("000001", 1))
        assert lock.acquire()
        dispatcher = new_dispatcher(board, {"dying": executor}, 1, home)
        dispatcher.enqueue([(run, plan_of(home, run))])
        await until(lambda: executor.starts > 2 * restarts.LIMIT)
        assert not board.get(run.run_id).state.terminal
        assert "died" in board.get(run.run_id).cause
        lock.release()
        await until(lambda: board.get(run.run_id).state is RunState.LOST)
        await dispatcher.close()

    asyncio.run(scenario())


def test_a_folder_that_cannot_be_read_does_not_stop_the_others(home: Path, board: RunBoard) -> None:
    async def scenario() -> None:
        executor, broken, other = DyingExecutor(), new_run(home, board), new_run(home, board)
        plans = [(run, plan_of(home, run)) for run in (broken, other)]
        RunFolder.of(home, broken.run_id).run_json.write_text("{")
        dispatcher = new_dispatcher(board, {"dying": executor}, 1, home)
        dispatcher.enqueue(plans)
        await until(lambda: board.get(other.run_id).state.terminal)
        assert board.get(broken.run_id).state is RunState.LOST
        await dispatcher.close()

    asyncio.run(scenario())


def test_a_run_of_an_executor_that_is_gone_is_left_alone(home: Path, board: RunBoard) -> None:
    async def scenario() -> None:
        run = new_run(home, board)
        dispatcher = new_dispatcher(board, {}, 1, home)
        dispatcher.adopt(run, plan_of(home, run))
        await until(lambda: dispatcher.active == 0)
        assert not board.get(run.run_id).state.terminal
        assert "its executor 'dying' is not available" in board.get(run.run_id).cause
        await dispatcher.close()

    asyncio.run(scenario())


def test_closing_leaves_runs_as_they_are(home: Path, board: RunBoard) -> None:
    async def scenario() -> None:
        run = new_run(home, board)
        dispatcher = new_dispatcher(board, {"dying": DyingExecutor()}, 1, home)
        dispatcher.enqueue([(run, plan_of(home, run))])
        await dispatcher.close()
        await asyncio.sleep(0)
        assert dispatcher.active == 0
        assert not board.get(run.run_id).state.terminal

    asyncio.run(scenario())


def test_a_queued_run_that_somebody_holds_is_cancelled_by_its_supervisor(home: Path, board: RunBoard) -> None:
    async def scenario() -> None:
        executor, run = DyingExecutor(), new_run(home, board)
        folder = RunFolder.of(home, run.run_id)
        dispatcher = new_dispatcher(board, {"dying": executor}, 0, home)
        dispatcher.enqueue([(run, plan_of(home, run))])
        lock = FileLock(folder.proxy_lock)
        assert lock.acquire()
        seen = await dispatcher.cancel(run.run_id, "me", "")
        assert not seen.state.terminal
        assert folder.cancel_intent.exists()
        assert (dispatcher.queued, dispatcher.active) == (0, 1)
        lock.release()
        await dispatcher.close()

    asyncio.run(scenario())


@pytest.mark.process
@pytest.mark.parametrize("deaf", [False, True])
def test_a_run_that_nobody_can_supervise_can_be_cancelled(home: Path, board: RunBoard, deaf: bool) -> None:
    async def scenario() -> None:
        executor, run = DyingExecutor(), new_run(home, board)
        folder = RunFolder.of(home, run.run_id)
        lock = FileLock(folder.launch_lock("000001", 1))
        assert lock.acquire()
        code = "import signal, time; DEAF and signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
        worker = subprocess.Popen(
            [sys.executable, "-S", "-c", code.replace("DEAF", str(deaf))],
            env={**os.environ, "MOSAIC_RUN_ID": run.run_id},
            pass_fds=[lock.fileno()],
        )
        lock.release()
        plan = plan_of(home, run)
        folder.run_json.unlink()
        os.mkfifo(folder.run_json)
        dispatcher = new_dispatcher(board, {"dying": executor}, 1, home)
        try:
            dispatcher.enqueue([(run, plan)])
            told = re.compile(r"died (\d+) times")
            await until(lambda: any(int(n) > restarts.LIMIT for n in told.findall(board.get(run.run_id).cause)))
            assert worker.poll() is None, "training goes on until somebody cancels it"
            await dispatcher.cancel(run.run_id, "ann", "enough")
            await until(lambda: board.get(run.run_id).state is RunState.LOST)
            assert worker.wait(10) in (-signal.SIGTERM, -signal.SIGKILL)
        finally:
            worker.kill()
            worker.wait()
            await dispatcher.close()

    asyncio.run(scenario())


class FarExecutor(DyingExecutor):
    """Its machine is heard of some time after the daemon's start."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Machine] = []

    async def alive(self, folder: RunFolder) -> bool:
        return True

    def machines(self) -> list[Machine]:
        return self.found


def test_a_run_of_an_earlier_daemon_takes_what_it_asks_for_once_its_machine_is_heard_of(
    home: Path, board: RunBoard
) -> None:
    async def scenario() -> None:
        executor, run, other = FarExecutor(), new_run(home, board), new_run(home, board)
        write_grant(RunFolder.of(home, run.run_id), {}, machine="far")
        dispatcher = new_dispatcher(board, {"dying": executor}, 1, home)
        dispatcher.adopt(run, plan_of(home, run))
        executor.found = [Machine("far", 8, Inventory(cpus=1, memory_mb=64_000, declared_cpus=True))]
        dispatcher.enqueue([(other, plan_of(home, other))])
        await until(lambda: dispatcher.why(other.run_id) is not None)
        (allocation,) = dispatcher.allocations()
        assert (allocation.run_id, allocation.demand.cpus) == (run.run_id, 1)
        await dispatcher.close()

    asyncio.run(scenario())
