"""Checkpoints: JSON files with all that a training needs to go on as if it had never stopped."""

from __future__ import annotations

import json
import os
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from .sdk import UsageError

FORMAT = 1
LIBRARIES = ("spade", "spade_bdi", "agentspeak", "gymnasium")


def library_versions() -> dict[str, str]:
    """Return the versions of what a checkpoint depends on."""
    versions = {name: _version(name) for name in LIBRARIES}
    return {name: version for name, version in versions.items() if version is not None}


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint: whole or not at all, and on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    whole = {"format": FORMAT, "saved_at": time.time(), "libraries": library_versions(), **content}
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(whole, file, separators=(",", ":"))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def load_checkpoint(path: str | Path, *, algo: str, env_id: str, env_kwargs: dict[str, Any]) -> dict[str, Any]:
    """Read a checkpoint and see that it belongs to an algorithm and environment.

    Raises:
        UsageError: No such file, not one of ours, or another training's.
    """
    path = Path(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"it has format {content['format']}, this version reads {FORMAT}")
        found = {"algo": content["algo"], "env_id": content["env_id"], "env_kwargs": content["env_kwargs"]}
        content["learners"], content["tables"], content["step"], content["next_episode"], content["seed"]
    except FileNotFoundError:
        raise UsageError(
            "There is no such checkpoint.",
            where=f"checkpoint_path: {path}",
            next_step="Take the path from a checkpoint_saved event, or list the run's checkpoints folder.",
        ) from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(
            "The checkpoint cannot be read.",
            where=f"checkpoint_path: {path}",
            why=f"{type(error).__name__}: {str(error)[:200]}",
            next_step="Choose a checkpoint that this worker has written.",
        ) from error
    wanted = {"algo": algo, "env_id": env_id, "env_kwargs": env_kwargs}
    if found != wanted:
        differing = [f"{name} is {found[name]!r} there and {wanted[name]!r} here" for name in found]
        differing = [text for name, text in zip(found, differing, strict=True) if found[name] != wanted[name]]
        raise UsageError(
            "The checkpoint belongs to another training.",
            where=f"checkpoint_path: {path}",
            why=", ".join(differing),
            next_step="Set them as they are there, or choose another checkpoint.",
        )
    return {**content, "path": str(path)}


class CheckpointFolder:
    """The checkpoints of one worker, of which the newest are kept.

    Args:
        directory: The folder.
        keep: How many to keep; 0 keeps all.
    """

    def __init__(self, directory: Path, keep: int) -> None:
        self.directory, self._keep = directory, keep
        self._saved: list[Path] = []

    def save(self, step: int, content: dict[str, Any]) -> Path:
        """Write the checkpoint of a step and delete those of this training beyond the number to keep."""
        path = (self.directory / f"step_{step:010d}.json").absolute()
        save_checkpoint(path, content)
        if path not in self._saved:
            self._saved.append(path)
        while self._keep and len(self._saved) > self._keep:
            self._saved.pop(0).unlink(missing_ok=True)
        return path
