"""The files that hand secrets to a run's workers: private, and gone when the run has ended."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gym_gui.runs.files import write_json_atomic
from gym_gui.runs.folder import RunFolder


@dataclass(frozen=True)
class WorkerSecrets:
    """What one worker is handed beside its plan, which is on record.

    Args:
        environment: Variables that hold secrets.
        config: The whole config, where some of its settings are secrets.
    """

    environment: dict[str, str] = field(default_factory=dict, repr=False)
    config: dict[str, Any] | None = field(default=None, repr=False)


def write_secrets(folder: RunFolder, worker_id: str, secrets: WorkerSecrets) -> None:
    """Write a worker's private files (mode 0600), those that it needs.

    Raises:
        OSError: The disk refused.
    """
    if secrets.environment:
        write_json_atomic(folder.secrets(worker_id), {"environment": secrets.environment})
    if secrets.config is not None:
        write_json_atomic(folder.private_config(worker_id), secrets.config)


def private_files(folder: RunFolder) -> list[Path]:
    """Return the files of a run that hold secrets."""
    patterns = ("*.secrets.json", f"worker-{folder.run_id}-*.json")
    return [path for pattern in patterns for path in folder.control.glob(pattern)]


def forget_secrets(folder: RunFolder) -> None:
    """Remove the private files of a run whose workers have all ended; does nothing where there are none.

    Raises:
        OSError: One of them cannot be removed.
    """
    for path in private_files(folder):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
