"""What ``run.json`` holds: the submitted config and, per worker, how it is to be launched."""

from __future__ import annotations

from typing import Any

import msgspec

from gym_gui.core.regular_files import NotRegularFile, read_regular
from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs.files import write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.relocation import relocated_value


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Time limits of a worker, in seconds, how often it may be tried, and what its run may write."""

    wall_time_s: float | None = None
    startup_timeout_s: float = 60.0
    heartbeat_timeout_s: float = 300.0
    shutdown_timeout_s: float = 30.0
    max_attempts: int = 1
    disk_mb: float | None = None
    """MiB of the run's folder from which on steps are left out; ``None``: as the home's settings say."""


class WorkerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One worker of a run: all that a supervisor needs to launch it.

    ``argv`` is complete (interpreter, ``-m``, module, ``--config`` with the absolute path of the worker's
    config file, and the flags that the worker knows). ``env`` holds additions to the supervisor's own environment;
    ``MOSAIC_ATTEMPT`` and ``MOSAIC_LOG`` are added at each launch.
    """

    worker_no: int
    """1, 2, …: part of every row id of the run's database (0 is the supervisor)."""
    worker_id: str
    worker_type: str
    argv: list[str]
    env: dict[str, str] = {}
    secrets: list[str] = []
    """Names of the variables that hold secrets: their values stand in a private file until the run has ended."""
    config: dict[str, Any] = {}
    """Its config, with marks in place of secrets."""
    seed: int | None = None
    target_steps: int | None = None
    """Steps the worker is to take, where its config says (for progress bars)."""
    gpus: int | None = None
    """How many GPUs it asks for; ``None`` in records of before: as the run config says."""
    needs_gpus: bool = False
    """Whether it waits for them."""
    cpu_reason: str = ""
    """Why it is not to have a GPU though it could use one."""
    algorithm: str = ""
    """What it trains with, by its config or its defaults; empty where neither says."""
    env_id: str = ""
    """What it trains in, likewise."""
    pausable: bool = False
    """Whether it may be stopped and continued (its capability ``supports_pause_resume``)."""


class RunPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The whole of ``run.json``. Written once at submission, never changed."""

    schema: int = 1
    run_id: str
    run_name: str
    digest: str
    created_at: float
    """Unix time, seconds."""
    config: dict[str, Any]
    """The canonical run config."""
    workers: list[WorkerPlan]
    limits: Limits = Limits()
    on_worker_failure: str = "fail_fast"
    on_disk_full: str = "continue"
    executor: str = "local"
    priority: int = 0
    seed: int | None = None
    tags: list[str] = []
    group: str = ""
    """Common to the runs of one ``--seeds`` submission."""
    parent_run_id: str | None = None
    submitter: str = ""
    provenance: dict[str, Any] = {}

    @property
    def target_episodes(self) -> int | None:
        """Episodes that the run is to evaluate; ``None`` of one that trains, or where a config does not say."""
        episodes = [
            worker.config.get("eval_episodes") if worker.config.get("mode") == "evaluate" else None
            for worker in self.workers
        ]
        counts = [count for count in episodes if type(count) is int and count > 0]
        return sum(counts) if counts and len(counts) == len(episodes) else None


PLAN_SCHEMA = 1


def save_plan(folder: RunFolder, plan: RunPlan) -> None:
    """Write a run's plan, whole or not at all.

    Raises:
        OSError: The folder is missing or the disk refused.
    """
    write_json_atomic(folder.run_json, plan)


def load_plan(folder: RunFolder) -> RunPlan:
    """Read a run's plan; paths into a home that has been moved or copied since lead to where that is now.

    Raises:
        MosaicError: There is none, or it is not a plan that this version reads.
    """
    path = folder.run_json
    try:
        plan = msgspec.json.decode(read_regular(path), type=RunPlan)
    except FileNotFoundError:
        raise MosaicError(
            f"run {folder.run_id} has no run.json",
            where=str(path),
            why="its submission was cut short, or this is not a run's folder",
            next_step="list the runs: mosaic runs list",
        ) from None
    except NotRegularFile as error:
        raise MosaicError(
            f"run.json of run {folder.run_id} {error.strerror}",
            where=str(path),
            why="something was put in its place",
            next_step="restore it from a copy, or remove the run's folder",
        ) from None
    except (ValueError, RecursionError) as error:
        raise MosaicError(
            f"run.json of run {folder.run_id} cannot be read",
            where=str(path),
            why=str(error),
            next_step="restore it from a copy, or remove the run's folder",
        ) from None
    if plan.schema != PLAN_SCHEMA:
        raise MosaicError(
            f"run.json of run {folder.run_id} has schema {plan.schema}",
            where=str(path),
            why="a newer version of MOSAIC wrote it",
            next_step="upgrade: pip install --upgrade mosaic-rl",
        )
    workers = [_relocated(worker, folder) for worker in plan.workers]
    if all(now is before for now, before in zip(workers, plan.workers, strict=True)):
        return plan
    return msgspec.structs.replace(plan, workers=workers)


def _relocated(worker: WorkerPlan, folder: RunFolder) -> WorkerPlan:
    """Return a worker's plan with its paths as they are now; itself where nothing has been moved."""
    argv, env, config = (relocated_value(part, folder) for part in (worker.argv, worker.env, worker.config))
    if (argv, env, config) == (worker.argv, worker.env, worker.config):
        return worker
    return msgspec.structs.replace(worker, argv=argv, env=env, config=config)
