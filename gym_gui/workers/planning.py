"""Turns a valid run config into a plan that a supervisor can launch, and writes it down as a run."""

from __future__ import annotations

import os
import shutil
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError
from gym_gui.runs import (
    CLAIM_EXECUTOR,
    REMOTE_EXECUTORS,
    RunFolder,
    RunPlan,
    TrainRunConfig,
    WorkerPlan,
    WorkerRequest,
    WorkerSecrets,
    argument_problems,
    check_run_id,
    collect_provenance,
    derive_seed,
    fill_run_id,
    join_path,
    missing_secrets,
    new_run_id,
    packages_digest,
    packages_of,
    save_plan,
    unnamed_seed,
    write_json_atomic,
    write_secrets,
)
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.command import (
    command_argv,
    filled_command,
    flat_config,
    module_argv,
    takes_config,
    words_elsewhere,
    worker_environment,
)
from gym_gui.workers.config import ALGORITHM_FIELDS, ENVIRONMENT_FIELDS, named_in, target_steps
from gym_gui.workers.devices import gpu_request
from gym_gui.workers.record import WorkerRecord
from gym_gui.workers.resolution import ResolvedKind, declared_secrets, resolve_workers

#: The steps of a program that tells how far it is in percent.
PERCENT = 100


class PlannedRun(NamedTuple):
    """A run as it is to be written down."""

    plan: RunPlan
    """All that goes on record."""
    secrets: dict[str, WorkerSecrets]
    """Per worker id what does not."""
    records: dict[str, WorkerRecord]
    """The workers that it uses, by name."""


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
    provisioner: str = "",
    provenance: dict[str, Any] | None = None,
) -> PlannedRun:
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
        provisioner: Module and class of its executor's provisioner; empty: the default.
        provenance: Where it comes from; collected here if not given.

    Raises:
        ConfigError: With everything that is wrong with any worker: unknown, broken, its config not valid, or a secret
            missing.
    """
    run_id = check_run_id(run_id) if run_id else _free_run_id(config, home)
    kinds, problems = resolve_workers(config, catalog)
    config = config.with_secrets(declared_secrets(kinds))
    problems += missing_secrets(
        config.environment,
        {
            "base_environment": config.base_environment or {},
            **{join_path(request.path, "config"): request.config for request in config.workers},
        },
    )
    problems += argument_problems(config.payload, config.secrets) + _pause_problems(config, kinds)
    if problems:
        problems = [config.secrets.hide_problem(problem) for problem in problems]
        raise ConfigError("the run's workers cannot be started as configured", problems, next_step=_next_step(kinds))
    folder = RunFolder.of(home.absolute(), run_id)
    if config.seed is not None:
        seed = config.seed
    run_seed = unnamed_seed() if seed is None else seed
    planned = [
        _plan_worker(config, request, kinds[request.path], folder, number, worker_seed)
        for number, (request, worker_seed) in enumerate(zip(config.workers, _seeds(config, run_seed), strict=True), 1)
    ]
    origin = collect_provenance() if provenance is None else dict(provenance)
    if "argv" in origin:
        origin["argv"] = config.secrets.hide_arguments(origin["argv"])
    used = {kind.record.name: kind.record for kind in kinds.values() if kind.record}
    plan = RunPlan(
        run_id=run_id,
        run_name=fill_run_id(config.run_name, run_id),
        digest=config.digest,
        created_at=time.time(),
        config={**config.payload, "base_environment": config.secrets.hide(config.base_variables())},
        workers=[worker for worker, _ in planned],
        limits=config.limits,
        on_worker_failure=config.on_worker_failure,
        on_disk_full=config.on_disk_full,
        executor=config.executor,
        provisioner=provisioner,
        priority=config.priority,
        seed=run_seed,
        tags=list(config.tags),
        group=group,
        parent_run_id=parent_run_id,
        submitter=submitter,
        provenance={**origin, "workers": {name: _origin(record) for name, record in used.items()}},
    )
    return PlannedRun(plan, {worker.worker_id: secrets for worker, secrets in planned}, used)


def write_run(folder: RunFolder, planned: PlannedRun) -> None:
    """Write a planned run down: its folder, each worker's config, and last ``run.json``, which makes it a run.

    Raises:
        MosaicError: The run exists already, or the disk refused; nothing is left behind.
        UsageError: The home cannot be written.
    """
    plan = planned.plan
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
            write_secrets(folder, worker.worker_id, planned.secrets[worker.worker_id])
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


def _seeds(config: TrainRunConfig, run_seed: int) -> list[int]:
    """Return each worker's seed: the first keeps the run's, an entry's own seed is kept by its first replica."""
    seeds = []
    for position, request in enumerate(config.workers):
        base = run_seed if request.seed is None else request.seed
        kept = position == 0 or (request.first and request.seed is not None)
        seeds.append(base if kept else derive_seed(base, request.worker_id))
    return seeds


def _plan_worker(
    config: TrainRunConfig, request: WorkerRequest, kind: ResolvedKind, folder: RunFolder, number: int, seed: int
) -> tuple[WorkerPlan, WorkerSecrets]:
    request = replace(
        request,
        command=fill_run_id(request.command, folder.run_id),
        arguments=fill_run_id(request.arguments, folder.run_id),
    )
    record = kind.record
    settings = fill_run_id(kind.settings, folder.run_id)
    if not takes_config(request.command):
        settings = flat_config(record, settings, run_id=folder.run_id, worker_id=request.worker_id, seed=seed)
    worker_type = record.name if record else request.worker_type
    environment = fill_run_id(config.environment, folder.run_id)
    base = config.base_variables()
    private = config.secrets.environment({**base, **environment})
    shown = config.secrets.hide(settings)
    secrets = WorkerSecrets(private, None if shown == settings else settings)
    path = folder.worker_config(request.worker_id)
    if secrets.config is not None:
        path = folder.private_config(request.worker_id)
    request_gpus = gpu_request(config, record, settings)
    worker = WorkerPlan(
        worker_no=number,
        worker_id=request.worker_id,
        worker_type=worker_type,
        argv=_argv(request, kind, path, {**base, **environment}, elsewhere=config.executor in REMOTE_EXECUTORS),
        env=worker_environment(
            _shown_environment(environment, private, config),
            home=folder.path.parent.parent,
            run_folder=folder.path,
            run_id=folder.run_id,
            worker_id=request.worker_id,
            worker_type=worker_type,
            seed=seed,
            cpus=config.resources.cpus,
            base=base,
        ),
        secrets=sorted(private),
        config=shown,
        seed=seed,
        target_steps=PERCENT if config.executor == CLAIM_EXECUTOR else target_steps(record, settings),
        gpus=request_gpus.gpus,
        needs_gpus=request_gpus.needed,
        cpu_reason=request_gpus.cpu_reason,
        algorithm=named_in(record, shown, ALGORITHM_FIELDS),
        env_id=named_in(record, shown, ENVIRONMENT_FIELDS),
        pausable=_is_pausable(kind),
    )
    return worker, secrets


def _is_pausable(kind: ResolvedKind) -> bool:
    return kind.record is not None and kind.record.capabilities.get("supports_pause_resume") is True


def _pause_problems(config: TrainRunConfig, kinds: dict[str, ResolvedKind]) -> list[Problem]:
    """Return the problem of a run that is to pause on a full disk and has workers that cannot."""
    if config.on_disk_full != "pause":
        return []
    unpausable = [
        repr(kind.record.name if kind.record else request.worker_type or request.worker_id)
        for request in config.workers
        if (kind := kinds.get(request.path)) is not None and not _is_pausable(kind)
    ]
    if not unpausable:
        return []
    names = " and ".join(dict.fromkeys(unpausable))
    why = f"requests a pause, but {names} cannot be paused (capability supports_pause_resume)"
    return [Problem("on_disk_full", why, value="pause", allowed="'continue'")]


def _shown_environment(environment: dict[str, str], private: dict[str, str], config: TrainRunConfig) -> dict[str, str]:
    """Return the variables that may go on record, with the names (no more) of the secrets that the config lists."""
    listed = ",".join(sorted(config.secrets.names))
    shown = {name: value for name, value in environment.items() if name not in private}
    return {**shown, "MOSAIC_SECRETS": listed} if listed else shown


def _argv(
    request: WorkerRequest, kind: ResolvedKind, path: Path, variables: dict[str, str], *, elsewhere: bool
) -> list[str]:
    """Return a worker's command.

    Args:
        request: What the run config says of it.
        kind: Its kind.
        path: Its config file.
        variables: The run's environment.
        elsewhere: It runs on another machine, where its programs are found.
    """
    if request.command is None:
        assert kind.record is not None
        return module_argv(kind.record.python, kind.module, path, kind.flags, request.worker_id, request.arguments)
    # A seed alone is no config: --seeds works with commands that have never heard of --config.
    takes = takes_config(request.command)
    has_config = not takes and any(name != "seed" for name in request.config)
    search = variables.get("PATH", os.defpath)
    try:
        if elsewhere:
            argv = words_elsewhere(request.command, path, has_config=has_config)
        else:
            argv = command_argv(filled_command(request.command, path, search), path if has_config else None, search)
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


def _origin(record: WorkerRecord) -> dict[str, Any]:
    origin: dict[str, Any] = {
        "distribution": record.distribution,
        "version": record.version,
        "package_hash": record.package_hash,
        "python": record.python,
    }
    packages = () if record.python == sys.executable else packages_of(record.python)
    if packages:  # of MOSAIC's own environment they stand beside
        origin |= {"packages": dict(packages), "packages_digest": packages_digest(packages)}
    return origin


def _next_step(kinds: dict[str, ResolvedKind]) -> str:
    names = list(dict.fromkeys(kind.record.name for kind in kinds.values() if kind.record))
    if len(names) == 1:
        return f"list its settings: mosaic workers describe {names[0]}"
    return "list the workers: mosaic workers list"
