"""Checkpoints: one NumPy archive with arrays and a JSON record, without pickled objects."""

from __future__ import annotations

import io
import json
import os
import platform
import time
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np

from .sdk import ConfigError, Problem

FORMAT = 1
LIBRARIES = ("jax", "jaxlib", "mctx", "pgx", "dm-haiku", "optax", "numpy")
_RECORD = "record"
#: What a checkpoint has in common with the config of its training; the network depends on the last two.
SHARED = ("algo", "env_id", "num_channels", "num_blocks")


def library_versions() -> dict[str, str]:
    """Return the versions of what a checkpoint depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def save_checkpoint(path: Path, trees: dict[str, Any], record: dict[str, Any]) -> None:
    """Write a checkpoint: whole or not at all, and on disk when this returns.

    Args:
        path: The file.
        trees: Trees of arrays by name.
        record: Further facts, as plain JSON.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"{name}/{i}": np.asarray(leaf) for name, tree in trees.items() for i, leaf in enumerate(jax.tree.leaves(tree))
    }
    whole = {"format": FORMAT, "saved_at": time.time(), "libraries": library_versions(), **record}
    unfinished = path.with_name(f"{path.name}.tmp")
    with unfinished.open("wb") as stream:
        np.savez(stream, **{_RECORD: np.frombuffer(json.dumps(whole).encode(), dtype=np.uint8)}, **arrays)  # type: ignore[arg-type]
        stream.flush()
        os.fsync(stream.fileno())
    unfinished.replace(path)


class Checkpoint:
    """A checkpoint on disk.

    Args:
        path: The file.
        field: The field of the config that names it, for messages.

    Raises:
        ConfigError: There is none, or it is damaged.
    """

    def __init__(self, path: Path, field: str = "checkpoint_path") -> None:
        self.path, self._field = path, field
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
                self._arrays = {name: archive[name] for name in archive.files}
            self.record: dict[str, Any] = json.loads(self._arrays.pop(_RECORD).tobytes())
            found = self.record["format"]
        except FileNotFoundError:
            raise self._fault("there is no such file") from None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            raise self._fault(f"it cannot be read: {type(error).__name__}: {str(error)[:200]}") from error
        if found != FORMAT:
            raise self._fault(f"it has format {found}, this version reads {FORMAT}")

    def check(self, wanted: dict[str, Any]) -> None:
        """Refuse a checkpoint of another training.

        Args:
            wanted: Settings that have to be equal.

        Raises:
            ConfigError: Some differ; all of them are named.
        """
        found = {name: self.record["config"].get(name) for name in wanted}
        differing = [f"{name} is {found[name]!r} there, {wanted[name]!r} here" for name in wanted]
        differing = [text for name, text in zip(wanted, differing, strict=True) if found[name] != wanted[name]]
        if differing:
            raise self._fault(f"it belongs to another training: {', '.join(differing)}")

    def other_versions(self) -> list[str]:
        """Return the libraries whose versions differ from this environment's, each as a sentence's part."""
        here = library_versions()
        there: dict[str, str] = self.record.get("libraries", {})
        return [
            f"{name} {there[name]} (here {here[name]})" for name in here if there.get(name, here[name]) != here[name]
        ]

    def restore(self, name: str, like: Any) -> Any:
        """Return a tree of arrays.

        Args:
            name: As it was saved.
            like: A tree of the same structure.

        Raises:
            ConfigError: The checkpoint has another structure.
        """
        leaves, structure = jax.tree.flatten(like)
        loaded = [self._arrays.get(f"{name}/{i}") for i in range(len(leaves))]
        for leaf, array in zip(leaves, loaded, strict=True):
            if array is None or array.shape != np.shape(leaf):
                raise self._fault(f"its {name} do not fit the network")
        return jax.tree.unflatten(structure, [jax.numpy.asarray(array) for array in loaded])

    def _fault(self, message: str) -> ConfigError:
        allowed = "a whole checkpoint of this worker: a path of a checkpoint_saved event"
        return ConfigError(
            "The run cannot start with this checkpoint.",
            [Problem(self._field, message, value=str(self.path), allowed=allowed)],
        )


class CheckpointFolder:
    """The checkpoints of one worker, of which the newest are kept.

    Args:
        directory: The folder.
        keep: How many to keep; 0 keeps all.
    """

    def __init__(self, directory: Path, keep: int) -> None:
        self.directory, self._keep = directory, keep
        self._saved: list[Path] = []
        for unfinished in directory.glob("step_*.npz.tmp"):  # of an attempt that was killed while it saved
            unfinished.unlink(missing_ok=True)

    def path(self, step: int) -> Path:
        """Return the path of the checkpoint of a step."""
        return (self.directory / f"step_{step:010d}.npz").absolute()

    def added(self, path: Path) -> None:
        """Take note of a new checkpoint, and delete those of this training beyond the number to keep."""
        if path not in self._saved:
            self._saved.append(path)
        while self._keep and len(self._saved) > self._keep:
            self._saved.pop(0).unlink(missing_ok=True)
