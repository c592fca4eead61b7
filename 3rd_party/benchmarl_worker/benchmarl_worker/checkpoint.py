"""Checkpoints: a zip file with the library's own state, and what that leaves out beside it.

``experiment.pt`` in it is what ``Experiment.load_state_dict`` of plain BenchMARL takes, without the optimizers, which
it does not keep. Reading a checkpoint runs code that is in it (it is pickled): load none that you do not trust.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import platform
import random
import time
import zipfile
from collections.abc import Collection, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from gym_gui.core.worker import ConfigError, Problem, differing_settings

FORMAT = 1
LIBRARIES = ("benchmarl", "torchrl", "tensordict", "torch", "vmas", "pettingzoo", "mpe2", "numpy")
_FACTS, _MODEL, _STATE = "mosaic.json", "experiment.pt", "rest.pt"


def library_versions() -> dict[str, str]:
    """Return the versions of what a checkpoint depends on."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def save_checkpoint(path: Path, experiment: Any, facts: dict[str, Any]) -> None:
    """Write a checkpoint: whole or not at all, and on disk when this returns.

    Args:
        path: The file.
        experiment: BenchMARL's experiment.
        facts: What is to be known of it besides, as plain JSON.
    """
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    with zipfile.ZipFile(unfinished, "w") as archive:
        whole = {"format": FORMAT, "saved_at": time.time(), "libraries": library_versions(), **facts}
        archive.writestr(_FACTS, json.dumps(whole))
        for name, content in ((_MODEL, experiment.state_dict()), (_STATE, _rest(experiment))):
            with archive.open(name, "w", force_zip64=True) as part:
                torch.save(content, part)
    with unfinished.open("rb") as stream:
        os.fsync(stream.fileno())
    unfinished.replace(path)


def _rest(experiment: Any) -> dict[str, Any]:
    """Return what BenchMARL's own state leaves out."""
    import numpy as np
    import torch

    return {
        "optimizers": {
            group: {name: optimizer.state_dict() for name, optimizer in optimizers.items()}
            for group, optimizers in experiment.optimizers.items()
        },
        # Among them how much is explored, which the losses do not have.
        "policy": experiment.policy.state_dict(),
        "random": {"python": random.getstate(), "numpy": np.random.get_state(), "torch": torch.get_rng_state()},
    }


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
            raise faulty(path, "it holds no experiment of this worker, or not the whole of it")
        if self.facts.get("format") != FORMAT:
            raise faulty(path, f"it has format {self.facts.get('format')}, this version reads {FORMAT}")

    @property
    def step(self) -> int:
        """Environment steps taken when it was saved."""
        return int(self.facts["step"])

    def check(self, *, algorithm: str, env_id: str) -> None:
        """Find out whether it belongs to an algorithm and a task.

        Raises:
            ConfigError: It belongs to others.
        """
        wanted = {"algorithm": algorithm, "env_id": env_id}
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

    def load(self, experiment: Any, *, learn: bool) -> None:
        """Bring an experiment that was just built back to it.

        Args:
            experiment: BenchMARL's experiment.
            learn: Whether it is to go on learning: then also optimizers, buffers, counters, random numbers.

        Raises:
            KeyError, RuntimeError, ValueError: It does not fit the experiment.
        """
        import numpy as np
        import torch

        with zipfile.ZipFile(self.path) as archive:
            options: dict[str, Any] = {"map_location": "cpu", "weights_only": False}
            state = torch.load(io.BytesIO(archive.read(_MODEL)), **options)
            rest = torch.load(io.BytesIO(archive.read(_STATE)), **options)
        for group, loss in experiment.losses.items():
            loss.load_state_dict(state[f"loss_{group}"])
            buffer = state.get(f"buffer_{group}")
            if learn and buffer is not None:
                experiment.replay_buffers[group].load_state_dict(buffer)
        # Not the collector's state: it is that of unfinished episodes of the same environments.
        experiment.policy.load_state_dict(rest["policy"])
        if hasattr(experiment, "collector"):
            experiment.collector.update_policy_weights_()
        if not learn:
            return
        experiment.total_time = state["state"]["total_time"]
        experiment.begin_at(self.step)
        for group, optimizers in experiment.optimizers.items():
            for name, optimizer in optimizers.items():
                optimizer.load_state_dict(rest["optimizers"][group][name])
        random.setstate(rest["random"]["python"])
        np.random.set_state(rest["random"]["numpy"])
        torch.set_rng_state(rest["random"]["torch"])


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
