"""Config file of a worker's next attempt, changed where the attempt requires it."""

from __future__ import annotations

import json

from gym_gui.core.regular_files import read_regular
from gym_gui.runs import RunFolder, WorkerPlan, relocated_value, write_json_atomic


def resuming_argv(folder: RunFolder, worker: WorkerPlan, attempt: int, checkpoint: str) -> list[str] | None:
    """Return the command of an attempt that continues from a checkpoint, and write the config that it reads.

    Args:
        folder: The run's folder.
        worker: The worker; it can resume if its config has ``mode`` and ``checkpoint_path``.
        attempt: The new attempt.
        checkpoint: Path of the last checkpoint that the worker reported.

    Returns:
        ``None`` where the worker cannot resume.

    Raises:
        OSError: Its config cannot be read or written.
    """
    given, config = folder.worker_config(worker.worker_id), worker.config
    private = folder.private_config(worker.worker_id)
    if str(private) in worker.argv:  # the plan holds marks in place of secrets
        given, config = private, json.loads(read_regular(private))
    if not {"mode", "checkpoint_path"} <= config.keys() or str(given) not in worker.argv:
        return None
    path = given.with_name(f"{given.stem}.a{attempt}{given.suffix}")
    write_json_atomic(path, {**config, "mode": "resume", "checkpoint_path": checkpoint})
    return [str(path) if word == str(given) else word for word in worker.argv]


def relocate_config(folder: RunFolder, worker: WorkerPlan) -> None:
    """Write a worker's config again where its home has been moved since and it names files by their old paths.

    Raises:
        OSError: It cannot be read or written.
    """
    for path in (folder.worker_config(worker.worker_id), folder.private_config(worker.worker_id)):
        try:
            config = json.loads(read_regular(path))
        except (FileNotFoundError, ValueError, RecursionError):
            continue
        now = relocated_value(config, folder)
        if now != config:
            write_json_atomic(path, now)
