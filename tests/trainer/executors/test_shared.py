"""Supervisors that share a process: whatever ends that, all of its runs are taken up again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from msgspec.structs import replace

from gym_gui.proxy import files_for_runs, files_of_run, read_summary
from gym_gui.runs import RunFolder, load_plan, save_plan
from gym_gui.trainer.executors import shared_process
from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.executors.conformance import ExecutorContract
from gym_gui.trainer.executors.shared import EARLY_DEATHS, SharedExecutor
from gym_gui.trainer.executors.shared_process import MOST_RUNS, SharedProcess


class Shared(SharedExecutor):
    """With the workers on this machine, where they can be observed."""

    name: ClassVar[str] = "shared"


@pytest.fixture(autouse=True)
def _none_left(tmp_path: Path, living: Callable[[Path], dict[int, str]], wait_until: Callable[..., object]) -> object:
    yield
    wait_until(lambda: not living(tmp_path), "no process is left", 10.0)


def proxy_pid(folder: RunFolder) -> int:
    """Return the process that supervises a run."""
    pid = read_summary(folder).proxy_pid
    assert pid is not None
    return pid


def target_of(pid: int, descriptor: str) -> str:
    """Return what a process has open as a descriptor; empty: it has closed it meanwhile."""
    with contextlib.suppress(FileNotFoundError):
        return os.readlink(f"/proc/{pid}/fd/{descriptor}")
    return ""


@pytest.fixture
def stopped(tmp_path: Path) -> Iterator[SharedProcess]:
    process = SharedProcess(tmp_path, MOST_RUNS, 0.0)
    os.kill(process.pid, signal.SIGSTOP)
    yield process
    process.kill()
    process.close()


@pytest.mark.process
def test_the_runs_of_a_process_have_as_many_files_open_as_it_may(
    tmp_path: Path, stopped: SharedProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_process, "MOST_FILES", files_for_runs(1024))
    small, large = files_of_run(1), files_of_run(100)
    assert stopped.add(RunFolder.of(tmp_path, "large"), large)
    count = 0
    while stopped.has_room(small, MOST_RUNS):
        assert stopped.add(RunFolder.of(tmp_path, f"small-{count}"), small)
        count += 1
    assert 960 - small < large + count * small <= 960
    assert not stopped.has_room(small, 5)


@pytest.mark.process
def test_a_run_with_more_workers_than_files_may_be_open_gets_a_process_to_itself(
    tmp_path: Path, stopped: SharedProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_process, "MOST_FILES", files_for_runs(1024))
    assert stopped.has_room(files_of_run(1000), MOST_RUNS)
    assert stopped.add(RunFolder.of(tmp_path, "huge"), files_of_run(1000))
    assert not stopped.has_room(files_of_run(1), MOST_RUNS)


def test_a_process_that_cannot_be_started_leaves_no_file_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise BlockingIOError("no more processes")

    monkeypatch.setattr(shared_process.subprocess, "Popen", refuse)
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        with pytest.raises(BlockingIOError):
            SharedProcess(tmp_path, 1000, 1.0)
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.process
def test_the_run_that_hung_is_blamed_whatever_its_process_does_then(tmp_path: Path) -> None:
    process = SharedProcess(tmp_path, 1000, 5.0)
    try:
        os.kill(process.pid, signal.SIGSTOP)
        process._mark.set("first")
        assert [process.check(second) for second in range(20)].count(True) == 1
        process._mark.set("second")  # it went on, before it was killed
        assert not process.check(20)
        assert (process.hangs, process.turn) == (True, "first")
    finally:
        process.kill()
        process.close()


@pytest.mark.process
def test_what_a_stopped_process_does_not_read_it_gets_later(tmp_path: Path, wait_until: Callable[..., object]) -> None:
    process = SharedProcess(tmp_path, 1000, 0.0)
    try:
        os.kill(process.pid, signal.SIGSTOP)
        for number in range(400):  # more than a pipe holds
            folder = RunFolder.of(tmp_path, f"{number:0200}")
            folder.create()
            assert process.add(folder, files_of_run(1))
        process.look()
        assert len(process.runs) == 400
        os.kill(process.pid, signal.SIGCONT)

        def none_is_left() -> bool:  # none has a plan, so that each ends at once
            process.look()
            return not process.runs

        wait_until(none_is_left, "each was taken up", 60.0)
    finally:
        process.kill()
        process.close()


@pytest.mark.process
class TestSharedExecutor(ExecutorContract):
    def make_executor(self, home: Path) -> Executor:
        return Shared(home)

    def test_after_a_kill_all_runs_are_taken_up_again(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            executor = self.make_executor(tmp_path)
            folders = [self.long_run(tmp_path) for _ in range(4)]
            for folder in folders:
                await executor.start(folder)
            workers = [await self.until_running(folder) for folder in folders]
            (process,) = {proxy_pid(folder) for folder in folders}
            os.kill(process, signal.SIGKILL)
            for folder in folders:
                await self.until_dead(executor, folder)
            for folder in folders:
                await executor.start(folder)
            await self.until(lambda: all(read_summary(folder).proxy_pid not in (None, process) for folder in folders))
            assert len({proxy_pid(folder) for folder in folders}) == 1
            assert [await self.until_running(folder) for folder in folders] == workers
            for folder in folders:
                await self.end(executor, folder)
            assert {read_summary(folder).attempts for folder in folders} == {1}

        asyncio.run(scenario())

    def test_a_run_has_no_more_files_open_than_it_counts_for(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            words = [sys.executable, "-I", "-S", "-c", "import time; print('x', flush=True); time.sleep(600)"]
            executor, folder = Shared(tmp_path), self.make_run(tmp_path, words)
            plan = load_plan(folder)
            workers = [replace(plan.workers[0], worker_no=each, worker_id=f"{each:06}") for each in range(1, 13)]
            save_plan(folder, replace(plan, workers=workers))
            await executor.start(folder)
            (process,) = executor._processes

            def count() -> int:
                names = os.listdir(f"/proc/{process.pid}/fd")
                return sum(str(folder.path) in target_of(process.pid, name) for name in names)

            await self.until(lambda: count() > 12)  # the logs of all workers are open
            (run,) = process.runs.values()
            assert count() <= files_of_run(12) == run.files
            await self.end(executor, folder)

        asyncio.run(scenario())

    def test_it_goes_on_without_the_daemon(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            first, second = Shared(tmp_path), self.make_executor(tmp_path)
            folder = self.long_run(tmp_path)
            await first.start(folder)
            await self.until_running(folder)
            process = first._processes[0]._process
            for pipe in (process.stdin, process.stdout):
                assert pipe is not None
                pipe.close()
            await asyncio.sleep(0.5)
            assert await second.alive(folder)
            await self.end(second, folder)
            assert await asyncio.to_thread(process.wait, 30) == 0

        asyncio.run(scenario())

    def test_trouble_of_one_run_is_not_that_of_others(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            executor, good, bad = self.make_executor(tmp_path), self.long_run(tmp_path), self.long_run(tmp_path)
            bad.run_json.write_text("{")
            await executor.start(good)
            await executor.start(bad)
            await self.until_running(good)
            await self.until_dead(executor, bad)
            assert await executor.alive(good)
            assert "run.json" in bad.proxy_log.read_text()
            await executor.cleanup(bad)
            await self.end(executor, good)

        asyncio.run(scenario())

    def test_a_run_whose_process_keeps_dying_gets_one_of_its_own(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            executor, folder, other = self.make_executor(tmp_path), self.long_run(tmp_path), self.long_run(tmp_path)
            for _ in range(EARLY_DEATHS):
                await executor.start(folder)
                await self.until_running(folder)
                await self.until(lambda: read_summary(folder).proxy_pid is not None)
                os.kill(proxy_pid(folder), signal.SIGKILL)
                await self.until_dead(executor, folder)
            await executor.start(folder)
            await executor.start(other)
            await self.until_running(folder)
            await self.until_running(other)
            await self.until(lambda: None not in (read_summary(folder).proxy_pid, read_summary(other).proxy_pid))
            assert proxy_pid(folder) != proxy_pid(other)
            await self.end(executor, folder)
            await self.end(executor, other)

        asyncio.run(scenario())

    def test_a_stopped_process_without_runs_is_not_waited_for(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def scenario() -> None:
            executor, folder = Shared(tmp_path), self.short_run(tmp_path)
            await executor.start(folder)
            (process,) = executor._processes
            await self.until_dead(executor, folder)
            os.kill(process.pid, signal.SIGSTOP)
            await executor.cleanup(folder)
            assert not process.alive

        monkeypatch.setattr(shared_process, "END_S", 0.2)
        asyncio.run(scenario())
