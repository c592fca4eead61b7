"""Checkpoints: a zip file with the library's own model file, and what that leaves out beside it.

``model.pth`` in it is what ``agent.load_model`` of plain XuanCe reads. Reading a checkpoint runs code that is in it
(the state is pickled): load none that you do not trust.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import platform
import tempfile
import time
import zipfile
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gym_gui.core.worker import ConfigError, Problem, differing_settings

FORMAT = 2
LIBRARIES = ("xuance", "torch", "gymnasium", "pettingzoo", "mpe2", "numpy")
_KEYS: Any = type({}.keys())
_FACTS, _MODEL, _STATE, _BUFFER = "mosaic.json", "model.pth", "state.pkl", "memory.pkl"


def library_versions() -> dict[str, str]:
    """Return the versions of what a checkpoint depends on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def save_checkpoint(path: Path, agent: Any, facts: dict[str, Any], *, replay_buffer: bool) -> None:
    """Write a checkpoint: whole or not at all, and on disk when this returns.

    Args:
        path: The file.
        agent: XuanCe's agent.
        facts: What is to be known of it besides, as plain JSON.
        replay_buffer: Put the agent's memory in.
    """
    from .state import capture

    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".model-") as folder:
        agent.learner.save_model(str(Path(folder) / _MODEL))
        with zipfile.ZipFile(unfinished, "w") as archive:
            whole = {"format": FORMAT, "saved_at": time.time(), "libraries": library_versions(), **facts}
            archive.writestr(_FACTS, json.dumps(whole))
            archive.write(str(Path(folder) / _MODEL), _MODEL)
            archive.writestr(_STATE, pickle.dumps(capture(agent), protocol=5))
            if replay_buffer:
                with archive.open(_BUFFER, "w", force_zip64=True) as part:
                    _BufferPickler(part, protocol=5).dump(agent.memory)
    with unfinished.open("rb") as stream:
        os.fsync(stream.fileno())
    unfinished.replace(path)


class _BufferPickler(pickle.Pickler):
    """Pickler of XuanCe's buffers: some hold a view of a dictionary's keys, which pickle refuses."""

    def reducer_override(self, obj: Any) -> Any:
        """Return how a view of keys is written: as a list."""
        return (list, (list(obj),)) if isinstance(obj, _KEYS) else NotImplemented


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
        if not self.facts or _MODEL not in names or _STATE not in names:
            raise faulty(path, "it holds no agent of this worker")
        if self.facts.get("format") != FORMAT:
            raise faulty(path, f"it has format {self.facts.get('format')}, this version reads {FORMAT}")
        self.has_buffer = _BUFFER in names

    @property
    def step(self) -> int:
        """Environment steps taken when it was saved."""
        return int(self.facts["step"])

    def check(self, *, algorithm: str, env_id: str, backend: str) -> None:
        """Find out whether it belongs to an algorithm, an environment and a backend.

        Raises:
            ConfigError: It belongs to others.
        """
        wanted = {"algorithm": algorithm, "env_id": env_id, "backend": backend}
        differing = [
            f"{name} is {self.facts.get(name)} there and {value} here"
            for name, value in wanted.items()
            if self.facts.get(name) != value
        ]
        if differing:
            raise faulty(self.path, f"it belongs to another training: {', '.join(differing)}")

    def differing(self, config: Mapping[str, Any], arguments: Mapping[str, Any]) -> str:
        """Return which settings of its training are others in a run that begins with it, empty if none are.

        Args:
            config: The run's config.
            arguments: XuanCe's config of the run's agent; what the run's config leaves open is as in the checkpoint.
        """
        saved, given = self.facts.get("arguments") or {}, config["settings"]
        before, now = (
            {
                "settings": {name: used.get(name) for name in given},
                "parameter_sharing": used.get("use_parameter_sharing"),
                "env_kwargs": settings.get("env_kwargs"),
            }
            for used, settings in ((saved, self.facts.get("config") or {}), (arguments, config))
        )
        return differing_settings(before, now)

    def other_versions(self) -> list[str]:
        """Return which libraries it was saved with in another version than the installed ones."""
        saved, here = dict(self.facts.get("libraries") or {}), library_versions()
        return [
            f"{name} {saved[name]} (now {here.get(name, 'missing')})"
            for name in saved
            if saved[name] != here.get(name) and name != "python"
        ]

    def load(self, agent: Any, *, memory: bool) -> None:
        """Bring an agent that was just built back to it.

        Args:
            agent: XuanCe's agent.
            memory: Also its replay buffer, where there is one.

        Raises:
            KeyError, RuntimeError, ValueError: It does not fit the agent.
        """
        import torch

        from .state import restore

        with zipfile.ZipFile(self.path) as archive:
            model = torch.load(io.BytesIO(archive.read(_MODEL)), map_location=agent.device, weights_only=True)
            state = pickle.loads(archive.read(_STATE))  # noqa: S301 - as the documentation says
            # Strictly, unlike XuanCe's own load_model, which leaves out in silence what does not fit.
            agent.policy.load_state_dict(model["policy"])
            restore(agent, state)
            if memory and self.has_buffer:
                with archive.open(_BUFFER) as part:
                    agent.memory = pickle.load(part)  # noqa: S301


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
            unfinished.unlink(missing_ok=True)

    def path(self, step: int) -> Path:
        """Return where the checkpoint of a step goes."""
        return self.directory / f"step_{step:010d}.zip"

    def added(self, path: Path) -> None:
        """Take note of a new checkpoint, and delete those of this training beyond the number to keep."""
        if path not in self._saved:
            self._saved.append(path)
        while self._keep and len(self._saved) > self._keep:
            self._saved.pop(0).unlink(missing_ok=True)
