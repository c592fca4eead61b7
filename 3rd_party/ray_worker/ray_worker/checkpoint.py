"""Checkpoints: RLlib's own folders, written whole or not at all, with what RLlib does not keep beside them."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import pickle
import platform
import shutil
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gym_gui.core.worker.errors import UsageError

FORMAT = 1
FACTS = "mosaic.json"
#: Compressed: most of it is the empty part of trees that hold a whole buffer's priorities.
_REPLAY = "replay_buffer.pkl.gz"
_LIBRARIES = ("ray", "torch", "gymnasium", "pettingzoo", "mpe2", "numpy")


def library_versions() -> dict[str, str]:
    """Return the versions of what a checkpoint depends on."""
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def save_checkpoint(algorithm: Any, path: Path, facts: dict[str, Any]) -> None:
    """Write a checkpoint.

    Args:
        algorithm: RLlib's algorithm.
        path: The folder to be.
        facts: At least ``algorithm env_id step episode seed``.
    """
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    algorithm.save_to_path(str(unfinished))
    buffer = getattr(algorithm, "local_replay_buffer", None)
    if buffer is not None:
        with gzip.open(unfinished / _REPLAY, "wb", compresslevel=1) as stream:
            pickle.dump(buffer.get_state(), stream)
    write_facts(unfinished, facts)
    place(unfinished, path)


def write_facts(folder: Path, facts: dict[str, Any]) -> None:
    """Write what is to be known of a checkpoint without loading it."""
    record = {"format": FORMAT, "saved_at": time.time(), "libraries": library_versions(), **facts}
    with (folder / FACTS).open("w", encoding="utf-8") as stream:
        json.dump(record, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())


def place(unfinished: Path, path: Path) -> None:
    """Let a finished folder appear under its name."""
    former = path.with_name(f".{path.name}.{os.getpid()}.old")
    if path.exists():
        path.rename(former)
    unfinished.rename(path)
    shutil.rmtree(former, ignore_errors=True)


def read_facts(path: str | Path, *, algo: str, env_id: str) -> dict[str, Any]:
    """Read what is known of a checkpoint and see that it belongs to an algorithm and environment.

    Args:
        path: The folder.
        algo: The algorithm that wants to go on from it.
        env_id: Its environment.

    Raises:
        UsageError: No such checkpoint, none of this worker's, or another algorithm's or environment's.
    """
    path = Path(path)
    try:
        facts: dict[str, Any] = json.loads((path / FACTS).read_bytes())
        if facts["format"] != FORMAT:
            raise ValueError(f"it has format {facts['format']}, this version reads {FORMAT}")
        found = {"algo": facts["algorithm"], "env_id": facts["env_id"]}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(
            "The checkpoint cannot be read.",
            where=f"checkpoint_path: {path}",
            why=f"{type(error).__name__}: {error}",
            next_step="Choose a folder that a checkpoint_saved event of this worker names.",
        ) from None
    _compare(path, found, {"algo": algo, "env_id": env_id})
    return facts


def check_continuation(path: str | Path, facts: dict[str, Any], wanted: dict[str, Any]) -> None:
    """See that a training can go on with its settings; what a checkpoint does not tell is not compared.

    Args:
        path: The checkpoint.
        facts: What is known of it.
        wanted: Settings of the training that is to go on from it.

    Raises:
        UsageError: One of them was another.
    """
    _compare(Path(path), {name: facts[name] for name in wanted if name in facts}, wanted)


def _compare(path: Path, found: dict[str, Any], wanted: dict[str, Any]) -> None:
    differing = [name for name in found if found[name] != wanted[name]]
    if differing:
        settings = " and ".join(f"{name}={found[name]}" for name in differing)
        raise UsageError(
            "The checkpoint belongs to another training.",
            where=f"checkpoint_path: {path}",
            why=", ".join(f"{name} is {found[name]!r} there and {wanted[name]!r} here" for name in differing),
            next_step=f"Set {settings}, or choose another checkpoint.",
        )


def restore(algorithm: Any, path: str | Path) -> int | None:
    """Bring an algorithm that was just built back to a checkpoint.

    Returns:
        Steps in its replay buffer, if it has one.

    Raises:
        UsageError: Its networks are not those that were saved.
    """
    path = Path(path)
    try:
        algorithm.restore_from_path(str(path))
        buffer = getattr(algorithm, "local_replay_buffer", None)
        if buffer is not None and (path / _REPLAY).is_file():
            with gzip.open(path / _REPLAY, "rb") as stream:
                # As RLlib's own files: a checkpoint is a program, and only to be taken from a trusted source.
                buffer.set_state(pickle.load(stream))  # noqa: S301
        return None if buffer is None else int(buffer.get_num_timesteps())
    except (RuntimeError, KeyError, ValueError) as error:
        raise UsageError(
            "The checkpoint does not fit.",
            where=f"checkpoint_path: {path}",
            why=f"{type(error).__name__}: {str(error).splitlines()[-1].strip() if str(error) else 'no details'}",
            next_step="Leave paradigm, hidden_sizes, model and env_kwargs as they were when it was saved.",
        ) from error


class CheckpointFolder:
    """The checkpoints of one worker, of which the newest are kept.

    Args:
        directory: The folder.
        keep: How many to keep; 0 keeps all.
    """

    def __init__(self, directory: Path, keep: int) -> None:
        self.directory, self._keep = directory.absolute(), keep
        self._saved: list[Path] = []

    def path(self, step: int) -> Path:
        """Return where the checkpoint of a step lies."""
        return self.directory / f"step_{step:010d}"

    def saved(self, path: Path) -> None:
        """Take note of a new checkpoint, and delete those of this training beyond the number to keep."""
        if path not in self._saved:
            self._saved.append(path)
        while self._keep and len(self._saved) > self._keep:
            shutil.rmtree(self._saved.pop(0), ignore_errors=True)

    def listing(self) -> list[Path]:
        """Return the checkpoints that exist, oldest first."""
        return sorted(path for path in self.directory.glob("step_*") if (path / FACTS).is_file())


__all__ = [
    "FACTS",
    "CheckpointFolder",
    "check_continuation",
    "library_versions",
    "place",
    "read_facts",
    "restore",
    "save_checkpoint",
    "write_facts",
]
