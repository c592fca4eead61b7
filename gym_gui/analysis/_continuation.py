"""Configs of new runs that resume or evaluate the checkpoints of a run."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gym_gui.analysis._compatibility import VersionDifference, check_origin, version_differences
from gym_gui.core.terminal_text import escape, escape_lines
from gym_gui.core.worker.errors import Problem, UsageError
from gym_gui.reading import Checkpoint, check_file, find_checkpoint, last_checkpoint, saved_checkpoints
from gym_gui.runs import RunFolder, RunPlan, WorkerPlan, load_plan, relocated_value
from gym_gui.workers import STEPS_FIELDS, parse_settings, settings_error

if TYPE_CHECKING:
    from gym_gui.workers import WorkerCatalog, WorkerRecord

_NEEDED = ("mode", "checkpoint_path")


@dataclass(frozen=True)
class Start:
    """The start of one worker of a new run.

    Args:
        worker_id: The worker.
        checkpoint: Its checkpoint.
        differences: Libraries with other versions than it was saved with.
    """

    worker_id: str
    checkpoint: Checkpoint
    differences: list[VersionDifference]

    def to_dict(self) -> dict[str, Any]:
        """Return it as a JSON-ready dict."""
        checkpoint = self.checkpoint
        return {
            "worker_id": self.worker_id,
            "path": str(checkpoint.path),
            "run_id": checkpoint.run_id or None,
            "step": checkpoint.step,
            "algorithm": checkpoint.algorithm,
            "env_id": checkpoint.env_id,
            "libraries": checkpoint.libraries,
            "differences": [difference.to_dict() for difference in self.differences],
        }


@dataclass(frozen=True)
class Continuation:
    """A new run that follows from another.

    Args:
        payload: Its run config.
        parent_run_id: The run it follows from.
        starts: The start of each of its workers.
    """

    payload: dict[str, Any]
    parent_run_id: str
    starts: list[Start]


def continue_run(
    home: Path,
    run_id: str,
    mode: str,
    catalog: WorkerCatalog,
    *,
    checkpoint: Path | None = None,
    steps: int | None = None,
    episodes: int | None = None,
    settings: Sequence[str] = (),
    strict: bool = False,
) -> Continuation:
    """Return the config of a run that resumes or evaluates a run's last checkpoints.

    Args:
        home: The home.
        run_id: The run to follow.
        mode: ``resume`` or ``evaluate``.
        catalog: The workers of this machine.
        checkpoint: The checkpoint, in place of the last recorded one (for a run of one worker only).
        steps: Environment steps to take in addition to those of the checkpoint; by default the first run's total is
            the goal.
        episodes: Number of evaluation episodes, in place of the worker's default.
        settings: ``name=value``, in place of the first run's settings, for each of its workers.
        strict: Refuse a checkpoint that was saved with other or unknown versions of libraries.

    Raises:
        UsageError: A worker does not support this, or has no suitable checkpoint: with the reason.
        ConfigError: Some settings are malformed, unknown or not allowed.
    """
    folder = RunFolder.of(home, run_id)
    plan = load_plan(folder)
    if checkpoint is not None and len(plan.workers) > 1:
        raise UsageError(
            f"run {run_id} has {len(plan.workers)} workers, and one checkpoint was named",
            next_step="omit --checkpoint: then each worker starts with its own last one",
        )
    payload = copy.deepcopy(plan.config)
    entries = []
    starts: list[Start] = []
    for worker in plan.workers:
        record = catalog.get(worker.worker_type)
        _check_able(record, mode, run_id)
        start = _checkpoint(home, folder, worker, checkpoint)
        where = f"run {run_id}, worker {worker.worker_id}"
        check_file(start, where, named=checkpoint is not None, others=saved_checkpoints(folder)[-5:])
        check_origin(start, worker, record, mode, run_id)
        starts.append(Start(worker.worker_id, start, version_differences(start, record)))
        entry = _entry(plan, worker, record, mode, start.path)
        entry["config"] = relocated_value(entry["config"], folder) | {"checkpoint_path": str(start.path)}
        changes = _settings(record, settings, mode, steps)
        if mode == "resume" and not changes.keys() & set(STEPS_FIELDS):
            entry["config"] |= _steps(record, worker, start, steps)
        if episodes is not None:
            entry["config"] |= _episodes(record, episodes)
        entry["config"] = _changed(entry["config"], changes)
        entries.append(entry)
    if strict:
        _refuse_differences(starts, run_id)
    metadata = payload.setdefault("metadata", {})
    metadata.pop("worker", None)
    metadata.pop("workers", None)
    metadata.update({"worker": entries[0]} if len(entries) == 1 else {"workers": entries})
    _forget_instance_ids(payload)
    # Runs of earlier versions, which did not refuse such names, may have them.
    payload["run_name"] = escape(_name(plan.run_name, mode))
    payload["tags"] = [escape(tag) for tag in payload.get("tags") or []]
    payload["notes"] = escape_lines(payload.get("notes") or "")
    return Continuation(payload, run_id, starts)


def _settings(record: WorkerRecord, pairs: Sequence[str], mode: str, steps: int | None) -> dict[str, Any]:
    """Return the settings of a command line, which may not be those that this kind of run has, or that ``steps`` is."""
    settings = parse_settings(pairs, record)
    allowed = {"mode": f"leave it out: the run is to {mode}", "checkpoint_path": "--checkpoint PATH"}
    fixed = [
        Problem(name, "follows from the command", value=settings[name], allowed=allowed[name])
        for name in _NEEDED
        if name in settings
    ]
    fixed += [
        Problem(name, "is also given by --steps", value=settings[name], allowed="one of them")
        for name in STEPS_FIELDS
        if name in settings and steps is not None
    ]
    if fixed:
        raise settings_error(record, fixed)
    return settings


def _changed(config: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Return a config with other settings; of those with names of their own, the ones not named stay."""
    changed = dict(config)
    for name, value in settings.items():
        former = changed.get(name)
        changed[name] = _changed(former, value) if isinstance(value, dict) and isinstance(former, dict) else value
    return changed


def _checkpoint(home: Path, folder: RunFolder, worker: WorkerPlan, named: Path | None) -> Checkpoint:
    """Return the checkpoint that the user named, else the worker's last one."""
    if named is not None:
        return find_checkpoint(home, named, folder)
    last = last_checkpoint(home, folder, worker)
    if last is None:
        raise UsageError(
            f"run {folder.run_id} has no checkpoint",
            where=f"worker {worker.worker_id}",
            why="its worker printed no checkpoint_saved event with a path",
            next_step="name one with --checkpoint PATH, or train with checkpoints on",
        )
    return last


def _refuse_differences(starts: list[Start], run_id: str) -> None:
    reasons = [f"worker {start.worker_id}: {difference}" for start in starts for difference in start.differences]
    reasons += [
        f"worker {start.worker_id}: no versions are recorded" for start in starts if not start.checkpoint.libraries
    ]
    if reasons:
        raise UsageError(
            "the checkpoint was saved with other versions of libraries than those installed",
            where=f"run {run_id}",
            why="; ".join(reasons),
            next_step="install those versions into the worker's environment, or omit --strict",
        )


def _check_able(record: WorkerRecord, mode: str, run_id: str) -> None:
    if record.broken:
        raise UsageError(
            f"worker {record.name} is broken",
            where=f"run {run_id}",
            why=record.broken,
            next_step=record.mend or f"mosaic workers describe {record.name}",
        )
    missing = [name for name in _NEEDED if not record.has_field(name)]
    modes = record.properties.get("mode", {}).get("enum")
    if not missing and (modes is None or mode in modes):
        return
    what = f"no field {' and '.join(repr(name) for name in missing)}" if missing else f"no mode {mode!r}"
    raise UsageError(
        f"worker {record.name} cannot {mode} a run",
        where=f"run {run_id}",
        why=f"its config has {what}",
        next_step=f"show its abilities: mosaic workers describe {record.name}",
    )


def _entry(plan: RunPlan, worker: WorkerPlan, record: WorkerRecord, mode: str, start: Path) -> dict[str, Any]:
    config = {name: value for name, value in worker.config.items() if name not in ("run_id", "worker_id")}
    config |= {"mode": mode, "checkpoint_path": str(start)}
    if worker.seed is not None and record.has_field("seed"):
        config["seed"] = worker.seed
    if len(plan.workers) > 1:
        config["worker_id"] = worker.worker_id
    entry: dict[str, Any] = {"worker_id": worker.worker_type, "config": config}
    if record.module:
        entry["module"] = record.module
    return entry


def _steps(record: WorkerRecord, worker: WorkerPlan, start: Checkpoint, further: int | None) -> dict[str, int]:
    """Return the new total of steps, including those before the checkpoint."""
    done = start.step
    if further is None:
        if done is not None and worker.target_steps is not None and done >= worker.target_steps:
            raise UsageError(
                f"all {worker.target_steps:,} steps of the run are done",
                where=f"checkpoint {start.path}",
                next_step="give a number of further steps: --steps N",
            )
        return {}
    field = next((name for name in STEPS_FIELDS if record.has_field(name)), None)
    if field is None:
        raise UsageError(
            f"worker {record.name} has no setting for the number of steps",
            why=f"its config has none of the fields {', '.join(STEPS_FIELDS)}",
            next_step="omit --steps",
        )
    if done is None:
        raise UsageError(
            "the step of the checkpoint is unknown",
            where=str(start.path),
            why="no checkpoint_saved event has the step of this file",
            next_step="omit --steps, or resume from the run's last checkpoint",
        )
    return {field: done + further}


def _episodes(record: WorkerRecord, episodes: int) -> dict[str, int]:
    if not record.has_field("eval_episodes"):
        raise UsageError(
            f"worker {record.name} has no setting for the number of evaluation episodes",
            why="its config has no field 'eval_episodes'",
            next_step="omit --episodes",
        )
    return {"eval_episodes": episodes}


def _forget_instance_ids(payload: dict[str, Any]) -> None:
    """Remove the parent's instance ids, which would contradict those of the new run."""
    payload.get("environment", {}).pop("WORKER_ID", None)
    ui = payload.get("metadata", {}).get("ui")
    if isinstance(ui, dict):
        ui.pop("path_config", None)


def _name(name: str, mode: str) -> str:
    mark = {"resume": "resumed", "evaluate": "evaluated"}[mode]
    return name if name.endswith(mark) else f"{name[:108]} {mark}"
