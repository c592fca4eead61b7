"""Private files with the secrets of a run's workers, removed when it ends."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gym_gui.runs.files import write_json_atomic
from gym_gui.runs.folder import RunFolder


@dataclass(frozen=True)
class WorkerSecrets:
    """Secrets of one worker, which its recorded plan does not have.

    Args:
        environment: Secret variables.
        config: The full config, if some of its settings are secrets.
    """

    environment: dict[str, str] = field(default_factory=dict, repr=False)
    config: dict[str, Any] | None = field(default=None, repr=False)


def write_secrets(folder: RunFolder, worker_id: str, secrets: WorkerSecrets) -> None:
    """Write the private files that a worker needs (mode 0600).

    Raises:
        OSError: A file cannot be written.
    """
    if secrets.environment:
        write_json_atomic(folder.secrets(worker_id), {"environment": secrets.environment})
    if secrets.config is not None:
        write_json_atomic(folder.private_config(worker_id), secrets.config)


def secret_files(folder: RunFolder) -> list[Path]:
    """Return the files of a run with secrets."""
    patterns = ("*.secrets.json", f"worker-{folder.run_id}-*.json")
    return [path for pattern in patterns for path in folder.control.glob(pattern)]


def forget_secrets(folder: RunFolder) -> None:
    """Remove the private files of a run whose workers have all ended.

    Raises:
        OSError: One of them cannot be removed.
    """
    for path in secret_files(folder):
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
