"""From what a client sends to a run on disk: validated whole, or refused whole."""

from __future__ import annotations

import json
import logging
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import (
    LOG_DAEMON_RUN_REJECTED,
    LOG_DAEMON_RUN_SUBMITTED,
    LOG_WORKER_CONFIG_DURABLE_PATH,
    LOG_WORKER_CONFIG_UI_PATH,
)
from gym_gui.proxy import read_summary
from gym_gui.runs import (
    MAX_DEPTH,
    RunFolder,
    RunPlan,
    RunSummary,
    TrainRunConfig,
    check_names,
    collect_provenance,
    deep_path,
    validate_train_run_config,
)
from gym_gui.trainer.all_problems import all_problems
from gym_gui.trainer.demand import Request, demand_problems, gpu_problems, request_of_plan
from gym_gui.trainer.executors.installed import InstalledExecutors
from gym_gui.trainer.live_marks import LiveRuns
from gym_gui.trainer.machine import Machine
from gym_gui.trainer.machines import Machines
from gym_gui.trainer.registry import Registry
from gym_gui.workers import PlannedRun, WorkerCatalog, plan_run, write_run

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunRequest:
    """A run that a client asks for.

    Args:
        config_json: The run config, JSON in UTF-8.
        submitter: Who asks for it.
        group: Common to runs that were submitted together.
        parent_run_id: The run that it resumes, evaluates or repeats.
        argv: The client's command line, for the record.
        working_directory: Where the client was called: its git state is put on record.
        run_id: The run's id, new to the home; empty: as the config says, else a new one.
    """

    config_json: bytes
    submitter: str = ""
    group: str = ""
    parent_run_id: str | None = None
    argv: tuple[str, ...] = ()
    working_directory: str = ""
    run_id: str = ""


class Submission:
    """Validates run configs and writes runs.

    Args:
        home: The home.
        registry: Where runs are entered.
        executors: The executors that the daemon has.
        machines: Where runs may be placed; a run that could never fit is refused.
    """

    def __init__(
        self, home: Path, registry: Registry, executors: InstalledExecutors, machines: Machines | None = None
    ) -> None:
        self.home = home
        self.catalog = WorkerCatalog(home)
        self._registry = registry
        self._executors = executors
        self._machines = machines
        self._live = LiveRuns(home / "runs")

    def problems(self, config_json: bytes) -> list[Problem]:
        """Return everything that is wrong with a run config; writes nothing."""
        try:
            return all_problems(_payload(config_json), self._plan)
        except ConfigError as error:
            return error.problems

    def submit(self, request: RunRequest, commit: Callable[[], None] = lambda: None) -> tuple[RunPlan, RunSummary]:
        """Validate and write a run; blocks for as long as that takes. Several threads may do so at once.

        Args:
            request: The run.
            commit: Called before anything is written; what it raises ends the submission.

        Raises:
            ConfigError: The config is not valid; every problem is listed, and nothing was written.
            MosaicError: The disk refused.
        """
        check_names(group=request.group, submitter=request.submitter)
        folder = Path(request.working_directory) if request.working_directory else self.home
        try:
            planned = self._valid_plan(
                _payload(request.config_json),
                submitter=request.submitter,
                group=request.group,
                parent_run_id=request.parent_run_id,
                provenance={**collect_provenance(folder), "argv": list(request.argv)},
                run_id=request.run_id or None,
            )
        except ConfigError as error:
            log_constant(logger, LOG_DAEMON_RUN_REJECTED, extra={"problems": [str(each) for each in error.problems]})
            raise
        plan = planned.plan
        commit()
        run_folder = RunFolder.of(self.home, plan.run_id)
        try:
            self._live.add(plan.run_id)
            write_run(run_folder, planned)
        except MosaicError:
            if not run_folder.path.exists():
                self._live.discard(plan.run_id)
            raise
        except OSError as error:
            raise MosaicError(
                f"run {plan.run_id} cannot be written: {error.strerror}",
                where=str(self.home / "runs"),
                next_step="mosaic doctor",
            ) from error
        _tell_configs(run_folder, plan)
        log_constant(logger, LOG_DAEMON_RUN_SUBMITTED, extra={"run_id": plan.run_id, "submitter": plan.submitter})
        return plan, read_summary(run_folder)

    def requested(self, config_json: bytes) -> tuple[str, Request, int]:
        """Return executor, request and priority of a run config as a run of it would have them; writes nothing.

        Raises:
            ConfigError: It is not valid.
        """
        plan = self.planned(config_json).plan
        request = request_of_plan(plan) if self._machines is None else self._machines.request_of(plan)
        return plan.executor, request, plan.priority

    def planned(self, config_json: bytes) -> PlannedRun:
        """Return the run that a run config makes; writes nothing.

        Raises:
            ConfigError: It is not valid.
        """
        return self._valid_plan(_payload(config_json), provenance={})

    def register(self, plan: RunPlan, run: RunSummary) -> RunSummary:
        """Enter a written run into the registry and return it with its sequence number.

        Raises:
            MosaicError: The registry cannot be written; the run is removed again.
        """
        try:
            return self._registry.add(run)
        except sqlite3.Error as error:
            shutil.rmtree(RunFolder.of(self.home, plan.run_id).path, ignore_errors=True)
            self._live.discard(plan.run_id)
            raise MosaicError(
                f"run {plan.run_id} cannot be registered: {error}", where=str(self.home), next_step="mosaic doctor"
            ) from error

    def _valid_plan(self, payload: Any, **more: Any) -> PlannedRun:
        try:
            config = validate_train_run_config(payload)
        except ConfigError as error:
            error.problems = all_problems(payload, self._plan)
            raise
        return self._plan(config, **more)

    def _plan(self, config: TrainRunConfig, **more: Any) -> PlannedRun:
        problems = self._executor_problems(config.executor)
        executor = self._executors.ready.get(config.executor)
        if executor is not None:
            problems += executor.problems(config)
        try:
            provisioner = "" if executor is None else executor.provisioner
            planned = plan_run(config, self.catalog, self.home, provisioner=provisioner, **more)
        except ConfigError as error:
            error.problems = problems + self._capacity_problems(config, [], 0) + error.problems
            raise
        needed = sum(worker.gpus or 0 for worker in planned.plan.workers if worker.needs_gpus)
        problems += self._capacity_problems(config, _needing_gpus(planned), needed)
        if problems:
            raise ConfigError(
                "the run config is not valid",
                problems,
                next_step="Fix the config and run it again. Nothing was written.",
            )
        return planned

    def _capacity_problems(self, config: TrainRunConfig, needing_gpus: list[str], needed_gpus: int) -> list[Problem]:
        """Return why a run could start on no machine of its executor: as of the one where the least is wrong."""
        machines = () if self._machines is None else self._candidates(config)
        found = [
            demand_problems(config.resources, len(config.workers), machine)
            + gpu_problems(needing_gpus, needed_gpus, machine)
            for machine in machines
        ]
        return min(found, key=len, default=[])

    def _candidates(self, config: TrainRunConfig) -> tuple[Machine, ...]:
        assert self._machines is not None
        site = self._machines.site(config.executor, {"environment": config.environment})
        return self._machines.candidates(config.executor, site)

    def _executor_problems(self, name: str) -> list[Problem]:
        """Return why the daemon cannot run anything with an executor that is installed."""
        if name in self._executors.ready:
            return []
        broken = self._executors.broken.get(name)
        message = f"is broken: {broken}" if broken else "was installed after the daemon started: mosaic daemon stop"
        allowed = " or ".join(sorted(self._executors.ready))
        return [Problem("executor", message, value=name, allowed=allowed)]


def _needing_gpus(planned: PlannedRun) -> list[str]:
    return [name for name, record in planned.records.items() if record.capabilities.get("requires_gpu") is True]


def _tell_configs(folder: RunFolder, plan: RunPlan) -> None:
    """Log, per worker, what its form asked of the user interface, and where its config stands for good."""
    ui = plan.config["metadata"]["ui"]
    paths = ui.get("path_config")
    for worker in plan.workers:
        where = {"run_id": plan.run_id, "worker_id": worker.worker_id, "worker_type": worker.worker_type}
        if ui:
            asked = paths.get("ui_only") if isinstance(paths, dict) else None
            log_constant(logger, LOG_WORKER_CONFIG_UI_PATH, extra={**where, "ui_only": asked or {}})
        path = folder.worker_config(worker.worker_id)
        log_constant(logger, LOG_WORKER_CONFIG_DURABLE_PATH, extra={**where, "path": str(path)})


def _payload(config_json: bytes) -> Any:
    try:
        payload = json.loads(config_json)
    except (ValueError, RecursionError) as error:
        problem = Problem("config_json", f"is not JSON: {error}", allowed="a JSON object in UTF-8")
        raise ConfigError("run config is not valid", [problem]) from None
    too_deep = deep_path(payload)
    if too_deep is not None:
        problem = Problem(too_deep, "is nested too deeply", allowed=f"at most {MAX_DEPTH} levels")
        raise ConfigError("run config is not valid", [problem])
    return payload
