"""Reads and writes ``run.json``."""

from __future__ import annotations

import msgspec

from gym_gui.core.regular_files import NotRegularFile, read_regular
from gym_gui.core.worker.errors import MosaicError
from gym_gui.runs.files import write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import RunPlan, WorkerPlan
from gym_gui.runs.relocation import relocated_value

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
