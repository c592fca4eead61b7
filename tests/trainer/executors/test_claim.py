"""The executor of runs that programs claim keeps the contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.executors.claim import ClaimExecutor
from gym_gui.trainer.executors.conformance import ExecutorContract


@pytest.fixture(autouse=True)
def _none_left(tmp_path: Path, living: Callable[[Path], dict[int, str]], wait_until: Callable[..., object]) -> object:
    yield
    wait_until(lambda: not living(tmp_path), "no process is left", 10.0)


@pytest.mark.process
class TestClaimExecutor(ExecutorContract):
    def make_executor(self, home: Path) -> Executor:
        return ClaimExecutor(home)
