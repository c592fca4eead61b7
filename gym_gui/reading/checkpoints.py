"""Recorded facts of checkpoints: worker, step, algorithm, libraries."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gym_gui.config.paths import expand_user
from gym_gui.core.regular_files import open_stream
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.runs import RunFolder, WorkerPlan, is_run_id, load_plan, relocated
from gym_gui.telemetry import RunReader

_STEP_KEYS = ("step", "global_step", "steps", "total_steps", "timesteps")
_ALGORITHM_KEYS = ("algorithm", "algo")
_EVENTS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint, with the data of its ``checkpoint_saved`` event.

    Args:
        path: A file or a folder.
        run_id: The run that saved it; empty if unknown.
        worker_type: The kind of worker that saved it.
        step: Environment steps taken when it was saved.
        algorithm: The algorithm that it was trained with.
        env_id: The environment that it was trained in.
        libraries: Versions of the libraries that it was saved with, by name.
    """

    path: Path
    run_id: str = ""
    worker_type: str = ""
    step: int | None = None
    algorithm: str | None = None
    env_id: str | None = None
    libraries: dict[str, str] = field(default_factory=dict)


def last_checkpoint(home: Path, folder: RunFolder, worker: WorkerPlan) -> Checkpoint | None:
    """Return a worker's last saved checkpoint, else the one it started with."""
    rollups = [rollup for rollup in RunReader(folder).worker_rollups() if rollup.worker_no == worker.worker_no]
    for rollup in sorted(rollups, key=lambda rollup: rollup.attempt, reverse=True):
        payload = rollup.last_checkpoint or {}
        path = _path_of(payload, folder, worker.worker_id)
        if path is not None:
            return _recorded(path, folder, worker, payload)
    start = worker.config.get("checkpoint_path")
    if not isinstance(start, str) or not start:
        return None
    return find_checkpoint(home, Path(relocated(start, folder)))


def has_checkpoint(home: Path, run_id: str) -> bool:
    """Return whether a run has a checkpoint to resume from; true if unknown."""
    folder = RunFolder.of(home, run_id)
    try:
        return any(last_checkpoint(home, folder, worker) for worker in load_plan(folder).workers)
    except MosaicError:
        return True


def find_checkpoint(home: Path, named: Path, folder: RunFolder | None = None) -> Checkpoint:
    """Return a checkpoint by path, with its recorded data.

    Args:
        home: The home whose runs are searched for the one that saved it.
        named: The file or folder; for a checkpoint of ``folder`` also its bare name, or the step at which it was saved.
        folder: The run that is searched first: its checkpoints may be anywhere.
    """
    path = expand_user(named).absolute()
    own = list(_saved(folder)) if folder is not None else []
    if not path.exists() and named.name == str(named):
        matches = [checkpoint for checkpoint in own if named.name in (checkpoint.path.name, str(checkpoint.step))]
        if matches:
            return matches[-1]
    owner = _owner(home, path)
    others = _saved(owner) if owner is not None and owner != folder else ()
    for saved in (own, others):
        # The last event of a path counts: the file may have been overwritten.
        matches = [checkpoint for checkpoint in saved if _same(checkpoint.path, path)]
        if matches:
            return matches[-1]
    return Checkpoint(path)


def saved_checkpoints(folder: RunFolder) -> list[Checkpoint]:
    """Return a run's saved checkpoints that still exist, in order, each once."""
    return list({saved.path: saved for saved in _saved(folder) if saved.path.exists()}.values())


def check_file(checkpoint: Checkpoint, where: str, *, named: bool, others: Sequence[Checkpoint] = ()) -> None:
    """Make sure that a checkpoint's file is intact, without loading it.

    Args:
        checkpoint: The checkpoint.
        where: The run and worker that are to start with it.
        named: The user named it.
        others: The run's checkpoints, to choose another one.

    Raises:
        UsageError: It is missing, empty or truncated.
    """
    path = checkpoint.path
    names = ", ".join(other.path.name for other in others if other.path != path)
    choice = f" (the run has {names})" if names else ""
    next_step = f"name an intact one: --checkpoint PATH{choice}"
    try:
        if not path.exists():
            raise UsageError(
                "there is no such checkpoint",
                where=f"{path} ({where})",
                why="" if named else "it was moved or removed, or its run keeps none (artifacts.keep_checkpoints)",
                next_step=f"name an existing one: --checkpoint PATH{choice}",
            )
        if path.is_dir():
            if not any(path.iterdir()):
                raise UsageError("the checkpoint is an empty folder", where=f"{path} ({where})", next_step=next_step)
            return
        with open_stream(path.resolve()) as stream:
            head = stream.read(4)
    except (OSError, RuntimeError) as error:
        raise UsageError(
            f"the checkpoint cannot be read: {getattr(error, 'strerror', error)}",
            where=f"{path} ({where})",
            next_step=next_step,
        ) from error
    if not head:
        raise UsageError("the checkpoint is an empty file", where=f"{path} ({where})", next_step=next_step)
    # PyTorch and most libraries write zip archives, whose table of contents is at their end.
    if head.startswith(b"PK\x03\x04") and not _is_whole(path):
        raise UsageError(
            "the checkpoint is damaged",
            where=f"{path} ({where})",
            why="it is a zip archive without an end: it was truncated while it was written or copied",
            next_step=next_step,
        )


def _is_whole(path: Path) -> bool:
    """Return whether a zip archive is complete, with its own table of contents."""
    try:
        with zipfile.ZipFile(path) as archive:
            # A truncated archive may end with the table of contents of an archive within it.
            return min((part.header_offset for part in archive.infolist()), default=0) == 0
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _owner(home: Path, path: Path) -> RunFolder | None:
    """Return the run whose folder a path is in."""
    try:
        first = path.resolve().relative_to((home / "runs").resolve()).parts[0]
    except (ValueError, IndexError, OSError, RuntimeError):  # the last: a loop of links
        return None
    return RunFolder.of(home, first) if is_run_id(first) and RunFolder.of(home, first).run_json.exists() else None


def _saved(folder: RunFolder) -> Iterator[Checkpoint]:
    """Yield a run's saved checkpoints in order; none if it cannot be read."""
    try:
        workers = {worker.worker_id: worker for worker in load_plan(folder).workers}
    except MosaicError:
        return
    reader, after = RunReader(folder), -1
    while True:
        try:
            events = reader.events(after=after, limit=_EVENTS_AT_ONCE)
        except MosaicError:
            return
        for event in events:
            payload, worker = event.payload, workers.get(event.worker_id)
            if event.event != "checkpoint_saved" or worker is None or not isinstance(payload, dict):
                continue
            path = _path_of(payload, folder, worker.worker_id)
            if path is not None:
                yield _recorded(path, folder, worker, payload)
        if len(events) < _EVENTS_AT_ONCE:
            return
        after = events[-1].id


def _recorded(path: Path, folder: RunFolder, worker: WorkerPlan, payload: dict[str, Any]) -> Checkpoint:
    libraries = payload.get("libraries")
    return Checkpoint(
        path,
        folder.run_id,
        worker.worker_type,
        step=next((payload[name] for name in _STEP_KEYS if type(payload.get(name)) is int), None),
        algorithm=next((payload[name] for name in _ALGORITHM_KEYS if isinstance(payload.get(name), str)), None),
        env_id=payload["env_id"] if isinstance(payload.get("env_id"), str) else None,
        libraries={str(name): str(version) for name, version in libraries.items() if version is not None}
        if isinstance(libraries, dict)
        else {},
    )


def _path_of(payload: dict[str, Any], folder: RunFolder, worker_id: str) -> Path | None:
    """Return the present path of an event's checkpoint (relative ones: in the worker's folder)."""
    path = payload.get("path") or payload.get("checkpoint_path")
    return folder.work(worker_id) / relocated(path, folder) if isinstance(path, str) and path else None


def _same(one: Path, other: Path) -> bool:
    try:
        return one == other or one.resolve() == other.resolve()
    except (OSError, RuntimeError):
        return False
