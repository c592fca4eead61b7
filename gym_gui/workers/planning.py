"""Turns a valid run config into a plan that a supervisor can launch, and writes it down as a run."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError
from gym_gui.runs.client_run_id import fill_run_id
from gym_gui.runs.config import TrainRunConfig, WorkerRequest
from gym_gui.runs.files import write_json_atomic
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import check_run_id, new_run_id
from gym_gui.runs.json_values import join
from gym_gui.runs.plan import RunPlan, WorkerPlan
from gym_gui.runs.plan_io import save_plan
from gym_gui.runs.provenance import collect_provenance
from gym_gui.runs.seeds import derive_seed, draw_seed
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.command import command_argv, flat_config, module_argv, worker_environment
from gym_gui.workers.config import STEPS_FIELDS, check_worker_config, target_steps
from gym_gui.workers.record import WorkerRecord


@dataclass(frozen=True)
class _Kind:
    """What all replicas of one entry share."""

    record: WorkerRecord | None
    module: str
    settings: dict[str, Any]
    flags: list[str]


def plan_run(
    config: TrainRunConfig,
    catalog: WorkerCatalog,
    home: Path,
    run_id: str | None = None,
    *,
    seed: int | None = None,
    group: str = "",
    parent_run_id: str | None = None,
    submitter: str = "",
    provenance: dict[str, Any] | None = None,
) -> RunPlan:
    """Check a run's workers against their schemas and lay out how each is launched. Writes nothing.

    Args:
        config: A valid run config.
        catalog: The workers that exist.
        home: The MOSAIC home.
        run_id: The run's id; the client's own ULID if it is free, else a new one, where none is given.
        seed: The run's seed where the config has none; drawn where it is not given either.
        group: Common to the runs of one submission.
        parent_run_id: The run that this one continues.
        submitter: Who submits it.
        provenance: Where it comes from; collected here if not given.

    Raises:
        ConfigError: With everything that is wrong with any worker: unknown, broken, or its config not valid.
    """
    run_id = check_run_id(run_id) if run_id else _free_run_id(config, home)
    kinds, problems = _resolve_all(config, catalog)
    if problems:
        raise ConfigError("the run's workers cannot be started as configured", problems, next_step=_next_step(kinds))
    folder = RunFolder.of(home.absolute(), run_id)
    if config.seed is not None:
        seed = config.seed
    run_seed = draw_seed() if seed is None else seed
    workers = [
        _plan_worker(config, request, kinds[request.path], folder, number, worker_seed)
        for number, (request, worker_seed) in enumerate(zip(config.workers, _seeds(config, run_seed), strict=True), 1)
    ]
    used = {kind.record.name: kind.record for kind in kinds.values() if kind.record}
    return RunPlan(
        run_id=run_id,
        run_name=fill_run_id(config.run_name, run_id),
        digest=config.digest,
        created_at=time.time(),
        config=config.payload,
        workers=workers,
        limits=config.limits,
        on_worker_failure=config.on_worker_failure,
        executor=config.executor,
        priority=config.priority,
        seed=run_seed,
        tags=list(config.tags),
        group=group,
        parent_run_id=parent_run_id,
        submitter=submitter,
        provenance={
            **(collect_provenance() if provenance is None else provenance),
            "workers": {name: _origin(record) for name, record in used.items()},
        },
    )


def write_run(folder: RunFolder, plan: RunPlan) -> None:
    """Write a planned run down: its folder, each worker's config, and last ``run.json``, which makes it a run.

    Raises:
        MosaicError: The run exists already, or the disk refused; nothing is left behind.
        UsageError: The home cannot be written.
    """
    try:
        folder.create()
    except FileExistsError:
        raise MosaicError(f"run {plan.run_id} exists already", where=str(folder.path)) from None
    except OSError as error:
        raise UsageError(
            f"the home cannot be written: {error.strerror}",
            where=str(folder.path.parent),
            next_step="name a folder that you may write: --home DIR, or set MOSAIC_HOME",
        ) from error
    try:
        for worker in plan.workers:
            write_json_atomic(folder.worker_config(worker.worker_id), worker.config)
        save_plan(folder, plan)
    except OSError as error:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise MosaicError(
            f"run {plan.run_id} cannot be written: {error.strerror}", where=str(folder.path), next_step="mosaic doctor"
        ) from error
    except BaseException:
        shutil.rmtree(folder.path, ignore_errors=True)
        raise


def _free_run_id(config: TrainRunConfig, home: Path) -> str:
    """Return the ULID that the client chose, unless a run has it."""
    requested = config.requested_run_id
    taken = requested is None or RunFolder.of(home, requested).path.exists()
    return new_run_id() if requested is None or taken else requested


def _resolve_all(config: TrainRunConfig, catalog: WorkerCatalog) -> tuple[dict[str, _Kind], list[Problem]]:
    kinds: dict[str, _Kind] = {}
    problems: list[Problem] = []
    for request in config.workers:
        if request.path not in kinds:
            kinds[request.path] = _resolve(config, request, catalog, problems)
    return kinds, problems


def _resolve(config: TrainRunConfig, request: WorkerRequest, catalog: WorkerCatalog, problems: list[Problem]) -> _Kind:
    record = _record_of(request, catalog, problems)
    module = request.module or (record.module if record else "")
    settings = dict(request.config)
    if record is None or record.broken:
        return _Kind(record, module, settings, [])
    if request.command is None and not module:
        problems.append(
            Problem(
                join(request.path, "module"),
                f"is missing, and the package of {record.name} has no module called cli",
                allowed="the module that `python -m` is to start, e.g. my_worker.main",
            )
        )
    settings |= _limited_steps(config, record, request, problems)
    problems += check_worker_config(record, settings, join(request.path, "config"))
    if request.command is not None:
        named = "-m" in request.command and record.module in request.command
        return _Kind(record, module, settings, record.flags if named else [])
    return _Kind(record, module, settings, catalog.flags(record, module) if module else [])


def _record_of(request: WorkerRequest, catalog: WorkerCatalog, problems: list[Problem]) -> WorkerRecord | None:
    """Return the worker that a request names; a bare command needs none."""
    try:
        record = catalog.get(_known_name(request, catalog))
    except UsageError as error:
        if request.command is None:
            path = join(request.path, "worker_id")
            problems.append(Problem(path, error.what, value=request.worker_type, allowed=error.why))
        return None
    if record.broken and request.command is None:
        path = join(request.path, "worker_id")
        message = f"{record.name} is broken: {record.broken}"
        problems.append(
            Problem(path, message, value=record.name, allowed=f"after: {record.mend}" if record.mend else "")
        )
    return record


def _known_name(request: WorkerRequest, catalog: WorkerCatalog) -> str:
    """Return the kind, or the worker whose package the module belongs to where the kind came from the module."""
    if request.module and request.worker_type == request.module.partition(".")[0]:
        return catalog.find_package(request.module) or request.worker_type
    return request.worker_type


def _limited_steps(
    config: TrainRunConfig, record: WorkerRecord, request: WorkerRequest, problems: list[Problem]
) -> dict[str, Any]:
    """Return the steps that ``schedule.max_steps`` leaves to a worker, by the name of its own field."""
    limit = config.schedule.max_steps
    if limit is None:
        return {}
    name = next((name for name in STEPS_FIELDS if record.has_field(name)), None)
    if name is None:
        message = f"cannot be kept: {record.name} has no field {' or '.join(STEPS_FIELDS)}"
        problems.append(Problem("schedule.max_steps", message, value=limit, allowed="leave it out"))
        return {}
    steps = request.config.get(name, record.properties[name].get("default"))
    is_number = isinstance(steps, (int, float)) and not isinstance(steps, bool)
    return {name: limit} if not is_number or steps > limit else {}


def _seeds(config: TrainRunConfig, run_seed: int) -> list[int]:
    """Return each worker's seed: the first keeps the run's, an entry's own seed is kept by its first replica."""
    seeds = []
    for position, request in enumerate(config.workers):
        base = run_seed if request.seed is None else request.seed
        kept = position == 0 or (request.first and request.seed is not None)
        seeds.append(base if kept else derive_seed(base, request.worker_id))
    return seeds


def _plan_worker(
    config: TrainRunConfig, request: WorkerRequest, kind: _Kind, folder: RunFolder, number: int, seed: int
) -> WorkerPlan:
    request = replace(
        request,
        command=fill_run_id(request.command, folder.run_id),
        arguments=fill_run_id(request.arguments, folder.run_id),
    )
    record = kind.record
    settings = flat_config(
        record, fill_run_id(kind.settings, folder.run_id), run_id=folder.run_id, worker_id=request.worker_id, seed=seed
    )
    worker_type = record.name if record else request.worker_type
    return WorkerPlan(
        worker_no=number,
        worker_id=request.worker_id,
        worker_type=worker_type,
        argv=_argv(request, kind, folder),
        env=worker_environment(
            fill_run_id(config.environment, folder.run_id),
            home=folder.path.parent.parent,
            run_folder=folder.path,
            run_id=folder.run_id,
            worker_id=request.worker_id,
            worker_type=worker_type,
            seed=seed,
            cpus=config.resources.cpus,
        ),
        config=settings,
        seed=seed,
        target_steps=target_steps(record, settings),
    )


def _argv(request: WorkerRequest, kind: _Kind, folder: RunFolder) -> list[str]:
    path = folder.worker_config(request.worker_id)
    if request.command is None:
        assert kind.record is not None
        return module_argv(kind.record.python, kind.module, path, kind.flags, request.worker_id, request.arguments)
    # A seed alone is no config: --seeds works with commands that have never heard of --config.
    has_config = any(name != "seed" for name in request.config)
    try:
        argv = command_argv(request.command, path if has_config else None)
    except FileNotFoundError:
        problem = Problem(
            "entry_point",
            "cannot be run",
            value=request.command[0],
            allowed="a program on the PATH, or an executable file",
        )
        raise ConfigError("the run's command cannot be started", [problem]) from None
    if "--worker-id" in kind.flags and "--worker-id" not in argv:
        argv += ["--worker-id", request.worker_id]
    return argv


def _origin(record: WorkerRecord) -> dict[str, str]:
    return {
        "distribution": record.distribution,
        "version": record.version,
        "package_hash": record.package_hash,
        "python": record.python,
    }


def _next_step(kinds: dict[str, _Kind]) -> str:
    names = list(dict.fromkeys(kind.record.name for kind in kinds.values() if kind.record))
    if len(names) == 1:
        return f"see what it takes: mosaic workers describe {names[0]}"
    return "list the workers: mosaic workers list"
