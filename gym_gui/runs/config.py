"""Validates submitted run configs and reports all faults at once."""

from __future__ import annotations

import os
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from gym_gui.config.paths import mosaic_home, user_home
from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.runs._client_run_id import find_run_ids, mask_run_ids
from gym_gui.runs._worker_requests import WorkerRequest, expand_workers
from gym_gui.runs.base_environment import login_environment
from gym_gui.runs.config_model import CLIENT_NOTES, Artifacts, Resources, RunConfigModel, Schedule
from gym_gui.runs.config_problems import problems_of
from gym_gui.runs.digest import run_digest
from gym_gui.runs.environment import environment_problems
from gym_gui.runs.ids import is_run_id
from gym_gui.runs.json_values import WHOLE_CONFIG, plain_copy
from gym_gui.runs.plan import Limits
from gym_gui.runs.secret_values import Secrets, secret_problems

__all__ = ["TrainRunConfig", "WorkerRequest", "read_run_config", "run_config_problems", "validate_train_run_config"]


@dataclass(frozen=True)
class TrainRunConfig:
    """A valid run config.

    Args:
        payload: The canonical config: every field present, the client's run id as ``${run_id}``, secrets as
            ``${secret}``. Validating it again yields the same config and the same digest.
        digest: SHA-256 of the experiment.
        run_name: A name for people; may contain ``${run_id}``.
        workers: One request per worker, with unique ids, given or generated; their settings include secrets.
        limits: Time limits and attempts, ``schedule.max_duration_seconds`` included.
        on_worker_failure: ``fail_fast`` or ``continue``.
        on_disk_full: ``continue`` or ``pause``.
        executor: The name of an installed one.
        priority: Runs with a higher priority start first.
        tags: Words to find the run by.
        notes: Free text.
        environment: Variables for every worker, including secrets.
        base_environment: Variables that these take precedence over; ``None``: the daemon's.
        resources: Resources of each worker.
        artifacts: Which artifacts are kept.
        schedule: The extent of the run.
        seed: The run's seed if the config has one, else ``None``: it is drawn at submission.
        requested_run_id: The ULID that the client chose for the run, used if it is new.
        secrets: Identifies the values that are secrets.
    """

    payload: dict[str, Any]
    digest: str
    run_name: str
    workers: list[WorkerRequest]
    limits: Limits
    on_worker_failure: str
    on_disk_full: str
    executor: str
    priority: int
    tags: list[str]
    notes: str
    environment: dict[str, str]
    base_environment: dict[str, str] | None
    resources: Resources
    artifacts: Artifacts
    schedule: Schedule
    seed: int | None
    requested_run_id: str | None
    secrets: Secrets

    def variables(self) -> dict[str, str]:
        """Return the workers' variables except MOSAIC's own; ``environment`` takes precedence."""
        return {**self.base_variables(), **self.environment}

    def base_variables(self) -> dict[str, str]:
        """Return the variables that ``environment`` takes precedence over."""
        return login_environment(os.environ) if self.base_environment is None else self.base_environment

    def with_secrets(self, names: Collection[str]) -> TrainRunConfig:
        """Return the config with further settings as secrets: those that the schemas of its workers declare secret.

        Args:
            names: Of the settings, at any depth.
        """
        if self.secrets.names.issuperset(names):
            return self
        whole = {
            "secrets": self.payload["secrets"],
            "environment": self.environment,
            "base_environment": self.base_environment,
            "metadata": {"workers": [{"config": request.config} for request in self.workers]},
        }
        secrets = Secrets(whole, names)
        payload = secrets.hide_config(self.payload)
        return replace(self, payload=payload, digest=_digest(payload, self.workers, secrets), secrets=secrets)


def validate_train_run_config(payload: Any, executors: Collection[str] | None = None) -> TrainRunConfig:
    """Validate a run config as GUI, command line and API submit it.

    The argument is only read, and nothing is written.

    Args:
        payload: The run config; anything but an object is reported like other faults.
        executors: Names that its executor may have; ``None``: those of the packages installed here.

    Raises:
        ConfigError: With every fault: path, value, allowed values, the nearest name.
    """
    config, problems = read_run_config(payload, executors)
    if config is None:
        raise ConfigError(
            "the run config is not valid",
            problems,
            next_step="Fix the fields above and run it again. Nothing was written.",
        )
    return config


def run_config_problems(payload: Any) -> list[Problem]:
    """Return every fault of a run config; empty if it is valid."""
    return read_run_config(payload)[1]


def read_run_config(
    payload: Any, executors: Collection[str] | None = None
) -> tuple[TrainRunConfig | None, list[Problem]]:
    """Return a run config, ``None`` if it is not valid, and every fault of it.

    Args:
        payload: As of :func:`validate_train_run_config`.
        executors: As of it, too.
    """
    plain, problems = plain_copy(payload)
    if not isinstance(plain, dict):
        shown = "null" if payload is None else f"a {type(payload).__name__}"
        return None, problems or [Problem(WHOLE_CONFIG, f"is {shown}", allowed="an object")]
    for problem in problems:
        part, _, name = problem.path.partition(".")
        if part == "base_environment":  # a variable of the submitter's environment
            problem.allowed += f": change the variable, or call without it: env -u {name} mosaic …"
    run_ids = find_run_ids(plain)
    base = {name: plain[name] for name in ("base_environment",) if name in plain}
    plain = {**mask_run_ids(plain, run_ids), **base}  # the paths in there are real ones
    model = None
    try:
        model = RunConfigModel.model_validate(plain, context={"executors": executors})
    except ValidationError as error:
        # A value that is not JSON is null in the copy: that null is not a second fault.
        reported = {problem.path for problem in problems}
        problems += [item for item in problems_of(error) if item.value is not None or item.path not in reported]
    workers, worker_problems = expand_workers(plain)
    secrets = Secrets(plain)
    problems += worker_problems + environment_problems(plain.get("environment"))
    problems += environment_problems(plain.get("base_environment"), "base_environment")
    problems += secret_problems(plain, secrets)
    if problems or model is None:
        return None, [secrets.hide_problem(problem) for problem in problems]
    canonical = _canonical_payload(model)
    digest = _digest(canonical, workers, secrets)
    return _config(model, secrets.hide_config(canonical), workers, digest, run_ids, secrets), []


def _digest(payload: dict[str, Any], workers: list[WorkerRequest], secrets: Secrets) -> str:
    homes = tuple(str(folder) for folder in (mosaic_home(), user_home()) if folder is not None)
    return run_digest(payload, workers, homes, secrets)


def _config(
    model: RunConfigModel,
    payload: dict[str, Any],
    workers: list[WorkerRequest],
    digest: str,
    run_ids: list[str],
    secrets: Secrets,
) -> TrainRunConfig:
    durations = [item for item in (model.limits.wall_time_s, model.schedule.max_duration_seconds) if item is not None]
    limits = model.limits.model_dump() | {"wall_time_s": min(durations, default=None)}
    return TrainRunConfig(
        payload=payload,
        digest=digest,
        run_name=payload["run_name"],
        workers=workers,
        limits=Limits(**limits),
        on_worker_failure=model.on_worker_failure,
        on_disk_full=model.on_disk_full,
        executor=model.executor,
        priority=model.priority,
        tags=list(payload["tags"]),
        notes=payload["notes"],
        environment=dict(model.environment),
        base_environment=None if model.base_environment is None else dict(model.base_environment),
        resources=model.resources,
        artifacts=model.artifacts,
        schedule=model.schedule,
        seed=workers[0].seed,
        requested_run_id=run_ids[0] if len(run_ids) == 1 and is_run_id(run_ids[0]) else None,
        secrets=secrets,
    )


def _canonical_payload(model: RunConfigModel) -> dict[str, Any]:
    """Return the config with every field that has a value."""
    payload = model.model_dump(mode="json")
    for part, names in (
        (payload, ("entry_point", "base_environment")),
        (payload["metadata"], ("worker", "workers", "study")),
    ):
        for name in names:
            if part[name] is None:
                del part[name]
    metadata = payload["metadata"]
    for worker in [*metadata.get("workers", []), *([metadata["worker"]] if "worker" in metadata else [])]:
        for name in ("worker_id", "module", *CLIENT_NOTES):
            if worker[name] is None:
                del worker[name]
    if not metadata["artifacts"]:
        del metadata["artifacts"]
    return payload
