"""``run.json``: the submitted config and, for each worker, how to launch it."""

from __future__ import annotations

from typing import Any

import msgspec

from gym_gui.constants import WORKER_IDLE_TIMEOUT_S, WORKER_SHUTDOWN_TIMEOUT_S, WORKER_STARTUP_TIMEOUT_S
from gym_gui.core.regular_files import NotRegularFile, read_regular
from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs.files import write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.relocation import relocated_value


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a worker's time (seconds) and attempts, and of its run's disk space."""

    wall_time_s: float | None = None
    startup_timeout_s: float = WORKER_STARTUP_TIMEOUT_S
    heartbeat_timeout_s: float = WORKER_IDLE_TIMEOUT_S
    shutdown_timeout_s: float = WORKER_SHUTDOWN_TIMEOUT_S
    max_attempts: int = 1
    disk_mb: float | None = None
    """MiB of the run's folder beyond which steps are not recorded; ``None``: according to the home's settings."""


class WorkerPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One worker of a run: everything that a supervisor needs to launch it.

    ``argv`` is complete (interpreter, ``-m``, module, ``--config`` with the absolute path of the worker's config file,
    and the flags that the worker supports). ``env`` has additions to the supervisor's own environment;
    ``MOSAIC_ATTEMPT`` and ``MOSAIC_LOG`` are added at each launch.
    """

    worker_no: int
    """1, 2, …: part of every row id of the run's database (0 is the supervisor)."""
    worker_id: str
    worker_type: str
    argv: list[str]
    env: dict[str, str] = {}
    secrets: list[str] = []
    """Names of secret variables; a private file has their values until the run has ended."""
    config: dict[str, Any] = {}
    """Its config, with marks in place of secrets."""
    seed: int | None = None
    target_steps: int | None = None
    """Steps to take, if its config has a number (for progress bars)."""
    gpus: int | None = None
    """Number of GPUs it requests; ``None`` in earlier versions' records: according to the run config."""
    needs_gpus: bool = False
    """Whether it waits for them."""
    cpu_reason: str = ""
    """Why it gets no GPU though it could use one."""
    algorithm: str = ""
    """Its algorithm, from its config or defaults; empty without either."""
    env_id: str = ""
    """Its environment, likewise."""
    pausable: bool = False
    """Whether it may be paused (its capability ``supports_pause_resume``)."""


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
    provisioner: str = ""
    """Module and class of its executor's provisioner; empty: that of the machine where its supervisor runs."""
    priority: int = 0
    seed: int | None = None
    tags: list[str] = []
    group: str = ""
    """The group of runs of one ``--seeds`` submission."""
    parent_run_id: str | None = None
    submitter: str = ""
    provenance: dict[str, Any] = {}

    @property
    def target_episodes(self) -> int | None:
        """Episodes to evaluate; ``None`` for training, or if a config has no number."""
        episodes = [
            worker.config.get("eval_episodes") if worker.config.get("mode") == "evaluate" else None
            for worker in self.workers
        ]
        counts = [count for count in episodes if type(count) is int and count > 0]
        return sum(counts) if counts and len(counts) == len(episodes) else None


PLAN_SCHEMA = 1


def save_plan(folder: RunFolder, plan: RunPlan) -> None:
    """Write a run's plan atomically.

    Raises:
        OSError: The folder is missing or cannot be written.
    """
    write_json_atomic(folder.run_json, plan)


def load_plan(folder: RunFolder) -> RunPlan:
    """Read a run's plan, adjusting paths into a home that was moved since.

    Raises:
        MosaicError: There is none, or this version cannot read it.
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
            why="it was replaced by something else",
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
    """Return a worker's plan with present paths; itself if nothing was moved."""
    argv, env, config = (relocated_value(part, folder) for part in (worker.argv, worker.env, worker.config))
    if (argv, env, config) == (worker.argv, worker.env, worker.config):
        return worker
    return msgspec.structs.replace(worker, argv=argv, env=env, config=config)
