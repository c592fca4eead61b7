"""Checkpoints: a zip file with the trainer's state, and what is to be known of it as JSON.

Reading a checkpoint runs code that is in it (the state is pickled): load none that you do not trust.
"""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import platform
import time
import zipfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Collection, Mapping

from gym_gui.core.worker import ConfigError, Problem, differing_settings

FORMAT = 1
LIBRARIES = ("marllib", "ray", "torch", "gym", "pettingzoo", "supersuit", "numpy")
_FACTS, _STATE = "mosaic.json", "state.pkl"


def library_versions() -> dict[str, str]:
    """Return the versions of what a checkpoint depends on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def save_checkpoint(path: Path, state: dict[str, Any], facts: dict[str, Any]) -> None:
    """Write a checkpoint: whole or not at all, and on disk when this returns.

    Args:
        path: The file.
        state: Of the trainer.
        facts: What is to be known of it besides, as plain JSON.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    with zipfile.ZipFile(unfinished, "w") as archive:
        whole = {"format": FORMAT, "saved_at": time.time(), "libraries": library_versions(), **facts}
        archive.writestr(_FACTS, json.dumps(whole))
        archive.writestr(_STATE, pickle.dumps(state, protocol=5))
    with unfinished.open("rb") as stream:
        os.fsync(stream.fileno())
    unfinished.replace(path)


class Checkpoint:
    """A checkpoint that is on disk.

    Args:
        path: The file.

    Raises:
        ConfigError: There is none, or it is damaged.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        if not path.is_file():
            raise faulty(path, "there is no such file")
        try:
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()
                names = archive.namelist()
                self.facts: dict[str, Any] = json.loads(archive.read(_FACTS)) if _FACTS in names else {}
        except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
            raise faulty(path, f"it cannot be read: {error}") from error
        if damaged is not None:
            raise faulty(path, f"it is damaged: its part {damaged} is not what was written")
        if not self.facts or _STATE not in names:
            raise faulty(path, "it holds no trainer of this worker")
        if self.facts.get("format") != FORMAT:
            raise faulty(path, f"it has format {self.facts.get('format')}, this version reads {FORMAT}")

    @property
    def step(self) -> int:
        """Environment steps taken when it was saved."""
        return int(self.facts["step"])

    def check(self, wanted: dict[str, Any]) -> None:
        """Find out whether it belongs to a training like this one.

        Args:
            wanted: Facts that must be the same, by name.

        Raises:
            ConfigError: It belongs to another.
        """
        differing = [
            f"{name} is {self.facts.get(name)} there and {value} here"
            for name, value in wanted.items()
            if self.facts.get(name) != value
        ]
        if differing:
            raise faulty(self.path, f"it belongs to another training: {', '.join(differing)}")

    def differing(self, config: Mapping[str, Any], names: Collection[str]) -> str:
        """Return which settings of its training are others in a config, empty if none are.

        Args:
            config: The config.
            names: The settings to compare.
        """
        saved = self.facts.get("config") or {}
        return differing_settings({name: saved.get(name) for name in names}, {name: config.get(name) for name in names})

    def other_versions(self) -> list[str]:
        """Return which libraries it was saved with in another version than the installed ones."""
        saved, here = dict(self.facts.get("libraries") or {}), library_versions()
        return [
            f"{name} {saved[name]} (now {here.get(name, 'missing')})"
            for name in saved
            if saved[name] != here.get(name) and name != "python"
        ]

    def state(self) -> Any:
        """Return the trainer's state."""
        with zipfile.ZipFile(self.path) as archive:
            return pickle.loads(archive.read(_STATE))  # noqa: S301 - as the documentation says


def faulty(path: Path, message: str) -> ConfigError:
    """Return the error of a checkpoint that cannot be used."""
    problem = Problem("checkpoint_path", message, value=str(path), allowed="a checkpoint of this training, whole")
    return ConfigError("the run cannot begin with this checkpoint", [problem])


class CheckpointFolder:
    """The checkpoints of one worker, of which the newest are kept.

    Args:
        directory: The folder.
        keep: How many to keep; 0 keeps all.
    """

    def __init__(self, directory: Path, keep: int) -> None:
        self.directory, self._keep = directory, keep
        self._saved: list[Path] = []
        for unfinished in directory.glob("step_*.zip.tmp"):  # of an attempt that was killed while it saved
            with contextlib.suppress(FileNotFoundError):
                unfinished.unlink()

    def path(self, step: int) -> Path:
        """Return where the checkpoint of a step goes."""
        return self.directory / f"step_{step:010d}.zip"

    def added(self, path: Path) -> None:
        """Take note of a new checkpoint, and delete those of this training beyond the number to keep."""
        if path not in self._saved:
            self._saved.append(path)
        while self._keep and len(self._saved) > self._keep:
            with contextlib.suppress(FileNotFoundError):
                self._saved.pop(0).unlink()
