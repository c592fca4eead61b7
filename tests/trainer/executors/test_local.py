from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.executors.conformance import ExecutorContract
from gym_gui.trainer.executors.local import LocalExecutor
from gym_gui.trainer.executors.spare import SpareProxy


@pytest.fixture(autouse=True)
def _none_left(tmp_path: Path, living: Callable[[Path], dict[int, str]], wait_until: Callable[..., object]) -> object:
    yield
    wait_until(lambda: not living(tmp_path), "no process is left", 5.0)


class TestLocalExecutor(ExecutorContract):
    def make_executor(self, home: Path) -> Executor:
        return LocalExecutor(home)

    def test_a_spare_proxy_takes_a_run(self, tmp_path: Path) -> None:
        folder = self.short_run(tmp_path)
        spare = SpareProxy(tmp_path)
        assert spare.take(folder) is None
        spare.prepare()
        spare.prepare()
        process = spare.take(folder)
        assert process is not None
        assert process.wait(30) == 0
        assert folder.proxy_log.exists()
        assert spare.take(folder) is None

    def test_a_spare_ends_with_its_owner(self, tmp_path: Path) -> None:
        spare = SpareProxy(tmp_path)
        spare.prepare()
        process = spare._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0

    def test_a_dead_spare_is_replaced(self, tmp_path: Path) -> None:
        spare = SpareProxy(tmp_path)
        spare.prepare()
        first = spare._process
        assert first is not None
        first.kill()
        first.wait()
        assert first.stdin is not None
        first.stdin.close()
        assert spare.take(self.short_run(tmp_path)) is None
        spare.prepare()
        assert spare._process is not None
        spare.close()
        spare.close()

    def test_keeping_a_spare_ends_it_in_the_end(self, tmp_path: Path) -> None:
        async def scenario() -> None:
            executor = LocalExecutor(tmp_path)
            task = asyncio.create_task(executor.background())
            await self.until(lambda: executor._spare._process is not None)
            folder = self.short_run(tmp_path)
            await executor.start(folder)
            await self.until_dead(executor, folder)
            await executor.cleanup(folder)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        asyncio.run(scenario())
