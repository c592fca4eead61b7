"""The executor of Slurm keeps the contract; its jobs are processes of this machine, by submitit's local executor."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("submitit")

from gym_gui.fleet.slurm import job as jobs
from gym_gui.runs import RunFolder, validate_train_run_config
from gym_gui.runs.executors import executor_names
from gym_gui.trainer.executors.base import Executor
from gym_gui.trainer.executors.conformance import ExecutorContract
from gym_gui.trainer.executors.slurm import SlurmExecutor


@pytest.fixture(autouse=True)
def _none_left(tmp_path: Path, living: Callable[[Path], dict[int, str]], wait_until: Callable[..., object]) -> object:
    yield
    wait_until(lambda: not living(tmp_path), "no process is left", 5.0)


class TestSlurmExecutor(ExecutorContract):
    executor = SlurmExecutor

    @pytest.fixture(autouse=True)
    def _local(self, monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., object]) -> Iterator[None]:
        monkeypatch.setenv("MOSAIC_SLURM_CLUSTER", "local")
        self.threads: list[threading.Thread] = []
        self.stopping = threading.Event()
        self.executors: list[SlurmExecutor] = []
        yield
        for executor in self.executors:
            wait_until(executor.jobs.queue.refresh, "its jobs have ended", 10.0)
        self.stopping.set()
        for thread in self.threads:
            thread.join(10)

    def make_executor(self, home: Path) -> Executor:
        """Return an executor whose jobs are looked after in a thread, as a daemon does."""
        executor = SlurmExecutor(home)
        self.executors.append(executor)

        def look() -> None:
            while not self.stopping.wait(0.05):
                executor.jobs.look()

        self.threads.append(threading.Thread(target=look, daemon=True))
        self.threads[-1].start()
        return executor


def problems(executor: SlurmExecutor, **environment: str) -> list[Any]:
    payload = {"run_name": "r", "entry_point": "true", "executor": "slurm", "environment": environment}
    return executor.problems(validate_train_run_config(payload, executors=["slurm"]))


def test_without_slurm_a_run_is_refused_with_the_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "slurm" in executor_names()
    monkeypatch.setenv("PATH", str(tmp_path))
    executor = SlurmExecutor(tmp_path)
    assert executor.machines() == []
    (problem,) = problems(executor)
    assert problem.path == "executor"
    assert "sbatch, squeue, scancel of Slurm is not on this machine. Start the daemon on" in problem.message
    monkeypatch.setenv("MOSAIC_SLURM_CLUSTER", "local")
    (machine,) = SlurmExecutor(tmp_path).machines()
    assert (machine.name, machine.slots, machine.inventory) == ("slurm", 100, None)
    assert problems(SlurmExecutor(tmp_path), SBATCH_PARTITION="gpu") == []
    (problem,) = problems(SlurmExecutor(tmp_path), SBATCH_OUTPUT="/tmp/x")
    assert "the parameter output of Slurm jobs is not yours to set" in problem.message
    monkeypatch.setenv("MOSAIC_SLURM_CLUSTER", "lsf")
    with pytest.raises(ValueError, match="slurm_cluster is 'lsf', allowed: slurm, local"):
        SlurmExecutor(tmp_path)


def test_a_node_without_the_home_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "_CACHE_S", 0.0)
    with pytest.raises(FileNotFoundError, match="must be on a file system that the nodes share"):
        jobs._Job(RunFolder(tmp_path / "runs" / "gone"), "000001", 1)._take()
