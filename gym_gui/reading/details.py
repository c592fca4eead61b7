"""Recorded details of a run: settings, notes, checkpoints, versions, code, command."""

from __future__ import annotations

from typing import Any

import msgspec

from gym_gui.reading.checkpoints import saved_checkpoints
from gym_gui.reading.trackers import tensorboard_folder, wandb_addresses
from gym_gui.runs import (
    RunFolder,
    RunPlan,
    load_plan,
    read_annotation,
    read_cpu_reasons,
    read_grant,
    read_machine,
)

#: Fields that are not settings of the user: MOSAIC sets them, and they are displayed elsewhere.
_MANAGED = ("run_id", "worker_id", "seed")


class SavedCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A saved checkpoint that still exists."""

    path: str
    worker_type: str
    step: int | None = None
    bytes: int | None = None
    """Of a file."""
    libraries: dict[str, str] = {}


class GitState(msgspec.Struct, frozen=True, kw_only=True):
    """The git checkout from which the run was submitted."""

    commit: str | None = None
    branch: str | None = None
    dirty: bool = False
    """Tracked files differed from the commit."""


class RunDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Contents of a run's ``run.json``, and its checkpoints."""

    notes: str = ""
    submitter: str = ""
    host: str = ""
    machine: str = ""
    """Where it was placed; empty: on the daemon's machine, or nowhere yet."""
    command: list[str] = []
    """The command line that submitted it."""
    git: GitState | None = None
    versions: dict[str, str] = {}
    """Of MOSAIC, Python, the workers' packages, and the libraries of its last checkpoint."""
    settings: dict[str, dict[str, Any]] = {}
    """By worker id: the given settings, with marks in place of secrets."""
    config: dict[str, Any] = {}
    """The whole run config."""
    checkpoints: list[SavedCheckpoint] = []
    devices: dict[str, str] = {}
    """By worker id: what it computes on, as far as that is known."""
    tensorboard: str = ""
    """Folder with its files for TensorBoard, on the machine of its home; empty: it has written none."""
    wandb: list[str] = []
    """Its addresses at Weights & Biases."""


def read_details(folder: RunFolder) -> RunDetails:
    """Return the recorded details of a run.

    Args:
        folder: The run's folder.

    Raises:
        MosaicError: Its ``run.json`` cannot be read.
    """
    plan = load_plan(folder)
    annotation = read_annotation(folder)
    origin = plan.provenance
    checkpoints = [
        SavedCheckpoint(
            path=str(saved.path),
            worker_type=saved.worker_type,
            step=saved.step,
            bytes=saved.path.stat().st_size if saved.path.is_file() else None,
            libraries=saved.libraries,
        )
        for saved in saved_checkpoints(folder)
    ]
    workers = {str(used.get("distribution") or kind): used for kind, used in _dict(origin.get("workers")).items()}
    versions = {
        "mosaic": origin.get("mosaic"),
        "python": origin.get("python"),
        **{name: used.get("version") for name, used in workers.items()},
        **(checkpoints[-1].libraries if checkpoints else {}),
    }
    git = _dict(origin.get("git"))
    return RunDetails(
        notes=str(plan.config.get("notes") or "") if annotation.notes is None else annotation.notes,
        submitter=plan.submitter,
        host=str(origin.get("host") or ""),
        machine=read_machine(folder),
        command=[str(word) for word in origin.get("argv") or []],
        git=GitState(commit=git.get("commit"), branch=git.get("branch"), dirty=bool(git.get("dirty"))) if git else None,
        versions={name: str(version) for name, version in versions.items() if version},
        settings={
            worker.worker_id: {name: value for name, value in worker.config.items() if name not in _MANAGED}
            for worker in plan.workers
        },
        config=plan.config,
        checkpoints=checkpoints,
        devices=_devices(folder, plan),
        tensorboard=tensorboard_folder(folder),
        wandb=wandb_addresses(folder),
    )


def _devices(folder: RunFolder, plan: RunPlan) -> dict[str, str]:
    """Return the GPUs that workers were given, why they have none, or the device that their settings name."""
    found = {worker.worker_id: str(worker.config["device"]) for worker in plan.workers if worker.config.get("device")}
    found.update({name: f"cpu ({reason})" for name, reason in read_cpu_reasons(folder).items()})
    found.update({name: f"GPU {', '.join(gpus)}" for name, gpus in read_grant(folder).items() if gpus})
    return found


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
