"""The contract of an executor as tests: subclass :class:`ExecutorContract`, say how to make yours, run pytest."""

from __future__ import annotations

import abc
import asyncio
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from msgspec.structs import replace

from gym_gui.proxy import read_summary
from gym_gui.runs import Limits, RunFolder, RunPlan, WorkerPlan, new_run_id, save_plan, write_json_atomic
from gym_gui.trainer.executors.base import Executor

_PATIENCE_S = 30.0


class ExecutorContract(abc.ABC):
    """What every executor does. ``class TestMine(ExecutorContract)`` with :meth:`make_executor` is a whole test."""

    executor: ClassVar[type[Executor] | None] = None
    """Your class, where workers are to run by its provisioner; ``None``: on this machine, whatever that is."""

    @abc.abstractmethod
    def make_executor(self, home: Path) -> Executor:
        """Return a new executor for a home; several exist at once, as when a daemon follows another."""

    def make_run(self, home: Path, argv: list[str]) -> RunFolder:
        """Write a run of one worker that runs a command.

        Args:
            home: The home.
            argv: The command.
        """
        run_id = new_run_id()
        folder = RunFolder.of(home, run_id)
        folder.create()
        worker = WorkerPlan(worker_no=1, worker_id="000001", worker_type="command", argv=argv)
        limits = Limits(shutdown_timeout_s=2.0)
        plan = RunPlan(
            run_id=run_id, run_name=run_id, digest="", created_at=0.0, config={}, workers=[worker], limits=limits
        )
        if self.executor is not None:
            plan = replace(plan, executor=self.executor.name, provisioner=self.executor.provisioner)
        save_plan(folder, plan)
        return folder

    def long_run(self, home: Path) -> RunFolder:
        """Return a run that lasts until it is cancelled."""
        return self.make_run(home, [sys.executable, "-I", "-S", "-c", "import time; time.sleep(600)"])

    def short_run(self, home: Path) -> RunFolder:
        """Return a run that ends by itself at once."""
        return self.make_run(home, [sys.executable, "-I", "-S", "-c", "print('done')"])

    def test_it_has_a_name(self, tmp_path: Path) -> None:
        assert self.make_executor(tmp_path).name

    def test_before_the_start_nothing_lives_and_nothing_can_be_ended(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            executor, folder = self.make_executor(tmp_path), self.long_run(tmp_path)
            assert not await executor.alive(folder)
            await executor.kill(folder)
            await executor.cleanup(folder)

        asyncio.run(scenario())

    def test_it_carries_a_run_to_its_end(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            executor, folder = self.make_executor(tmp_path), self.short_run(tmp_path)
            await executor.start(folder)
            assert await executor.alive(folder)
            await self.until_dead(executor, folder)
            assert read_summary(folder).state.value == "completed"
            await executor.cleanup(folder)
            await executor.cleanup(folder)

        asyncio.run(scenario())

    def test_another_instance_sees_and_ends_what_the_first_started(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            first, folder = self.make_executor(tmp_path), self.long_run(tmp_path)
            await first.start(folder)
            await self.until_running(folder)
            second = self.make_executor(tmp_path)
            assert await second.alive(folder)
            await second.kill(folder)
            assert not await second.alive(folder)
            assert not await first.alive(folder)
            await second.kill(folder)
            await self.end(second, folder)
            await first.cleanup(folder)

        asyncio.run(scenario())

    def test_the_workers_outlive_their_supervisor_and_are_adopted(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            executor, folder = self.make_executor(tmp_path), self.long_run(tmp_path)
            await executor.start(folder)
            pid = await self.until_running(folder)
            await executor.kill(folder)
            await executor.start(folder)
            assert await self.until_running(folder) == pid
            await self.end(executor, folder)
            assert read_summary(folder).attempts == 1

        asyncio.run(scenario())

    def test_a_second_start_replaces_the_first(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            executor, folder = self.make_executor(tmp_path), self.long_run(tmp_path)
            await executor.start(folder)
            pid = await self.until_running(folder)
            first = read_summary(folder).proxy_pid
            await executor.start(folder)
            await self.until(lambda: read_summary(folder).proxy_pid not in (None, first))
            assert await self.until_running(folder) == pid
            await self.end(executor, folder)

        asyncio.run(scenario())

    async def end(self, executor: Executor, folder: RunFolder) -> None:
        """Cancel a run and have it supervised until it has ended."""
        write_json_atomic(folder.cancel_intent, {"at": time.time(), "by": "test", "reason": ""})
        if not await executor.alive(folder):
            await executor.start(folder)
        await self.until_dead(executor, folder)
        assert read_summary(folder).state.value == "cancelled"
        await executor.cleanup(folder)

    async def until_running(self, folder: RunFolder) -> int | None:
        """Wait until the worker of a run runs; return its pid."""
        await self.until(lambda: read_summary(folder).workers[0].pid is not None)
        return read_summary(folder).workers[0].pid

    async def until_dead(self, executor: Executor, folder: RunFolder) -> None:
        """Wait until no supervisor lives."""
        deadline = time.monotonic() + _PATIENCE_S
        while await executor.alive(folder):
            assert time.monotonic() < deadline, "the supervisor does not end"
            await asyncio.sleep(0.02)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds."""
        deadline = time.monotonic() + _PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, "it does not come about"
            await asyncio.sleep(0.02)
