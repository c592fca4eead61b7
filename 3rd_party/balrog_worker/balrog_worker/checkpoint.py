"""Checkpoints: what was played so far, as JSON. A model learns nothing: there are no weights in them."""

from __future__ import annotations

import json
import os
import platform
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from .config import BalrogWorkerConfig
from .sdk import ConfigError, Problem

FORMAT = 1
LIBRARIES = ("openai", "minigrid", "gymnasium", "textworld", "nle", "minihack", "crafter")
#: What a checkpoint has in common with the config of the run that goes on with it.
SHARED = ("agent", "env_id", "env_kwargs", "model", "max_episode_steps")


def library_versions() -> dict[str, str]:
    """Return the versions of what episodes depend on."""
    found = {name: _version(name) for name in LIBRARIES}
    return {"python": platform.python_version(), **{name: version for name, version in found.items() if version}}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint: whole or not at all, and on disk when this returns.

    Args:
        path: The file.
        content: Plain JSON.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.tmp")
    whole = {"format": FORMAT, "saved_at": time.time(), "libraries": library_versions(), **content}
    with unfinished.open("w", encoding="utf-8") as stream:
        json.dump(whole, stream)
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(path)


def load_checkpoint(config: BalrogWorkerConfig) -> dict[str, Any]:
    """Read the checkpoint of a config, and see that it belongs to its agent, model and environment.

    Args:
        config: Names the file.

    Returns:
        Its content; ``other_versions`` lists libraries whose versions differ from this environment's.

    Raises:
        ConfigError: No such file, not a checkpoint of this worker, or another run's.
    """
    path = Path(str(config.checkpoint_path))
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] != FORMAT:
            raise ValueError(f"it has format {content['format']}, this version reads {FORMAT}")
        there = {name: content["config"][name] for name in SHARED}
        content["step"], content["episodes"], content["seed"], content["returns"], content["spending"]
    except FileNotFoundError:
        raise _fault(path, "there is no such file") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _fault(path, f"it cannot be read: {type(error).__name__}: {str(error)[:200]}") from error
    here = {name: getattr(config, name) for name in SHARED}
    differing = [
        f"{name} is {there[name]!r} there, {here[name]!r} here" for name in SHARED if there[name] != here[name]
    ]
    if differing:
        raise _fault(path, f"it belongs to another run: {', '.join(differing)}")
    versions, saved = library_versions(), content.get("libraries", {})
    content["other_versions"] = [
        f"{name} {saved[name]} (here {versions[name]})"
        for name in versions
        if saved.get(name, versions[name]) != versions[name]
    ]
    return {**content, "path": str(path)}


def _fault(path: Path, message: str) -> ConfigError:
    allowed = "a checkpoint of this worker: a path of a checkpoint_saved event"
    problem = Problem("checkpoint_path", message, value=str(path), allowed=allowed)
    return ConfigError("The run cannot start with this checkpoint.", [problem])


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
        """Write the checkpoint of a step, and delete those beyond the number to keep."""
        path = (self.directory / f"step_{step:010d}.json").absolute()
        save_checkpoint(path, content)
        if path not in self._saved:
            self._saved.append(path)
        while self._keep and len(self._saved) > self._keep:
            self._saved.pop(0).unlink(missing_ok=True)
        return path
