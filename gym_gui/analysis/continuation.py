"""What may follow from a run: going on from its checkpoint, or measuring it. Makes the configs of the new runs."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gym_gui.core.worker.errors import UsageError
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import RunPlan, WorkerPlan
from gym_gui.runs.plan_io import load_plan

if TYPE_CHECKING:
    from gym_gui.workers.catalog import WorkerCatalog
    from gym_gui.workers.record import WorkerRecord

STEP_FIELDS = ("total_steps", "total_timesteps")
_NEEDED = {"resume": ("mode", "checkpoint_path"), "evaluate": ("mode", "checkpoint_path")}


@dataclass(frozen=True)
class Continuation:
    """A new run that follows from another.

    Args:
        payload: Its run config.
        parent_run_id: The run it follows from.
        checkpoints: Per worker id the checkpoint it begins with.
    """

    payload: dict[str, Any]
    parent_run_id: str
    checkpoints: dict[str, Path]


def continue_run(
    home: Path,
    run_id: str,
    mode: str,
    catalog: WorkerCatalog,
    *,
    checkpoint: Path | None = None,
    steps: int | None = None,
    episodes: int | None = None,
) -> Continuation:
    """Make the config of a run that goes on from a run's last checkpoints, or evaluates them.

    Args:
        home: The home.
        run_id: The run to follow.
        mode: ``resume`` or ``evaluate``.
        catalog: The workers of this machine.
        checkpoint: Which checkpoint, in place of the last one recorded (a run of one worker only).
        steps: The worker's total of steps, in place of the first run's.
        episodes: How many evaluation episodes, in place of the worker's default.

    Raises:
        UsageError: A worker cannot do this, or there is no checkpoint: with the reason.
    """
    folder = RunFolder.of(home, run_id)
    plan = load_plan(folder)
    if checkpoint is not None and len(plan.workers) > 1:
        raise UsageError(
            f"run {run_id} has {len(plan.workers)} workers, and one checkpoint was named",
            next_step="leave --checkpoint out: each worker then begins with its own last one",
        )
    payload = copy.deepcopy(plan.config)
    entries = []
    used: dict[str, Path] = {}
    for worker in plan.workers:
        record = catalog.get(worker.worker_type)
        _check_able(record, mode, run_id)
        start = checkpoint if checkpoint is not None else last_checkpoint(folder, worker)
        if not start.exists():
            raise UsageError(
                f"checkpoint {start} does not exist",
                where=f"run {run_id}, worker {worker.worker_id}",
                why="it was moved or removed" if checkpoint is None else "",
                next_step="name one that exists: --checkpoint PATH",
            )
        used[worker.worker_id] = start.absolute()
        entries.append(_entry(plan, worker, record, mode, used[worker.worker_id], steps, episodes))
    metadata = payload.setdefault("metadata", {})
    metadata.pop("worker", None)
    metadata.pop("workers", None)
    metadata.update({"worker": entries[0]} if len(entries) == 1 else {"workers": entries})
    _forget_instance_ids(payload)
    payload["run_name"] = _name(plan.run_name, mode)
    return Continuation(payload, run_id, used)


def last_checkpoint(folder: RunFolder, worker: WorkerPlan) -> Path:
    """Return the path of the last checkpoint that a worker said it had saved.

    Raises:
        UsageError: It never said so, or its event names no path.
    """
    from gym_gui.telemetry.reader import RunReader

    found = None
    if folder.database.exists():
        with RunReader(folder) as reader:
            found = reader.last_checkpoint(worker.worker_id)
    if not found:
        raise UsageError(
            f"run {folder.run_id} has no checkpoint",
            where=f"worker {worker.worker_id}",
            why="its worker printed no checkpoint_saved event with a path",
            next_step="name one with --checkpoint PATH, or train with checkpoints on",
        )
    path = Path(found)
    return path if path.is_absolute() else folder.work(worker.worker_id) / path


def _check_able(record: WorkerRecord, mode: str, run_id: str) -> None:
    missing = [name for name in _NEEDED[mode] if not record.has_field(name)]
    modes = record.properties.get("mode", {}).get("enum")
    if not missing and (modes is None or mode in modes):
        return
    what = f"no field {' and '.join(repr(name) for name in missing)}" if missing else f"no mode {mode!r}"
    raise UsageError(
        f"worker {record.name} cannot {mode} a run",
        where=f"run {run_id}",
        why=f"its config has {what}",
        next_step=f"see what it can: mosaic workers describe {record.name}",
    )


def _entry(
    plan: RunPlan,
    worker: WorkerPlan,
    record: WorkerRecord,
    mode: str,
    start: Path,
    steps: int | None,
    episodes: int | None,
) -> dict[str, Any]:
    config = {name: value for name, value in worker.config.items() if name not in ("run_id", "worker_id")}
    config |= {"mode": mode, "checkpoint_path": str(start)}
    if worker.seed is not None and record.has_field("seed"):
        config["seed"] = worker.seed
    if steps is not None:
        config[_step_field(record)] = steps
    if episodes is not None:
        if not record.has_field("eval_episodes"):
            raise UsageError(
                f"worker {record.name} does not let one choose the number of evaluation episodes",
                why="its config has no field 'eval_episodes'",
                next_step="leave --episodes out",
            )
        config["eval_episodes"] = episodes
    if len(plan.workers) > 1:
        config["worker_id"] = worker.worker_id
    entry: dict[str, Any] = {"worker_id": worker.worker_type, "config": config}
    if record.module:
        entry["module"] = record.module
    return entry


def _step_field(record: WorkerRecord) -> str:
    for name in STEP_FIELDS:
        if record.has_field(name):
            return name
    raise UsageError(
        f"worker {record.name} does not let one choose the number of steps",
        why=f"its config has none of the fields {', '.join(STEP_FIELDS)}",
        next_step="leave --steps out",
    )


def _forget_instance_ids(payload: dict[str, Any]) -> None:
    """Drop the parent's own names of its instance, which would contradict those of the new run."""
    payload.get("environment", {}).pop("WORKER_ID", None)
    ui = payload.get("metadata", {}).get("ui")
    if isinstance(ui, dict):
        ui.pop("path_config", None)


def _name(name: str, mode: str) -> str:
    mark = {"resume": "resumed", "evaluate": "evaluated"}[mode]
    return name if name.endswith(mark) else f"{name[:108]} {mark}"
