"""Checkpoints: the library's own zip file, with what it leaves out put beside it in the same archive.

``PPO.load("step_0000010000.zip")`` of plain Stable-Baselines3 reads one, and a plain model that it saved can be resumed
and evaluated here. Reading one runs code that is in it (the library pickles): load none that you do not trust.
"""

from __future__ import annotations

import base64
import io
import json
import os
import pickle
import platform
import random
import time
import zipfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gym_gui.core.worker import ConfigError, Problem

FORMAT = 1
LIBRARIES = ("torch", "stable-baselines3", "sb3-contrib", "gymnasium", "numpy")
_FACTS, _BUFFER, _NORMALISATION = "mosaic.json", "mosaic_replay_buffer.pkl", "mosaic_vec_normalize.pkl"


def library_versions() -> dict[str, str]:
    """Return the versions of what a checkpoint depends on."""
    return {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}}


def save_checkpoint(path: Path, model: Any, facts: dict[str, Any], *, replay_buffer: bool, normalisation: Any) -> None:
    """Write a checkpoint: whole or not at all, and on disk when this returns.

    Args:
        path: The file.
        model: The model.
        facts: What is to be known of it besides, as plain JSON.
        replay_buffer: Put the replay buffer in, where the model has one.
        normalisation: The ``VecNormalize`` of its environments, or ``None``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    with unfinished.open("wb") as stream:
        model.save(stream)
    with zipfile.ZipFile(unfinished, "a") as archive:
        whole = {"format": FORMAT, "saved_at": time.time(), "libraries": library_versions(), **facts}
        archive.writestr(_FACTS, json.dumps(whole))
        if normalisation is not None:
            archive.writestr(_NORMALISATION, pickle.dumps(normalisation))
        if replay_buffer and getattr(model, "replay_buffer", None) is not None:
            with archive.open(_BUFFER, "w", force_zip64=True) as part:
                pickle.dump(model.replay_buffer, part, protocol=5)
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
            raise _faulty(path, "there is no such file")
        try:
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()
                self._names = archive.namelist()
                self.facts: dict[str, Any] = json.loads(archive.read(_FACTS)) if _FACTS in self._names else {}
        except (zipfile.BadZipFile, ValueError, OSError, EOFError) as error:
            raise _faulty(path, f"it cannot be read: {error}") from error
        if damaged is not None:
            raise _faulty(path, f"it is damaged: its part {damaged} is not what was written")
        if "data" not in self._names:
            raise _faulty(path, "it holds no model of Stable-Baselines3")
        if self.facts.get("format", FORMAT) != FORMAT:
            raise _faulty(path, f"it has format {self.facts['format']}, this version reads {FORMAT}")

    @property
    def step(self) -> int | None:
        """Environment steps taken when it was saved; ``None`` of a plain model."""
        return self.facts.get("step")

    @property
    def has_normalisation(self) -> bool:
        """Whether it holds statistics of observations and rewards."""
        return _NORMALISATION in self._names

    def check(self, algo: str, env_id: str) -> None:
        """Find out whether it belongs to an algorithm and environment; of a plain model nothing is known.

        Raises:
            ConfigError: It belongs to others.
        """
        wanted = {"algorithm": algo, "env_id": env_id}
        found = {name: self.facts.get(name, value) for name, value in wanted.items()}
        differing = [
            f"{name} is {found[name]} there and {wanted[name]} here" for name in wanted if found[name] != wanted[name]
        ]
        if differing:
            raise _faulty(self.path, f"it belongs to another training: {', '.join(differing)}")

    def load_normalisation(self, env: Any) -> Any:
        """Return environments normalised with the statistics in it."""
        with zipfile.ZipFile(self.path) as archive:
            wrapper = pickle.loads(archive.read(_NORMALISATION))  # noqa: S301 - as the library reads the model
        wrapper.set_venv(env)
        return wrapper

    def restore_replay_buffer(self, model: Any) -> bool:
        """Give a model the replay buffer in it; return whether there was one."""
        if _BUFFER not in self._names or not hasattr(model, "load_replay_buffer"):
            return False
        with zipfile.ZipFile(self.path) as archive, archive.open(_BUFFER) as part:
            model.load_replay_buffer(io.BufferedReader(part))  # type: ignore[type-var]
        return True

    def restore_random_state(self, model: Any) -> None:
        """Set the random number generators back to what they were."""
        if "random" in self.facts:
            set_random_state(self.facts["random"], model)


def _faulty(path: Path, message: str) -> ConfigError:
    problem = Problem("checkpoint_path", message, value=str(path), allowed="a checkpoint of the run, whole")
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


def random_state(model: Any) -> dict[str, Any]:
    """Return the state of the random number generators as plain JSON."""
    import numpy as np
    import torch

    kind, keys, position, has_gauss, gauss = np.random.get_state()
    return {
        "python": random.getstate(),
        "numpy": [kind, [int(key) for key in keys], position, has_gauss, gauss],
        "torch": base64.b64encode(bytes(torch.get_rng_state().tolist())).decode("ascii"),
        "actions": _generators(model.action_space),
    }


def set_random_state(state: dict[str, Any], model: Any) -> None:
    """Set the random number generators to a state of :func:`random_state`."""
    import numpy as np
    import torch

    words, gauss = state["python"][1], state["python"][2]
    random.setstate((state["python"][0], tuple(words), gauss))
    kind, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), position, has_gauss, cached))
    torch.set_rng_state(torch.tensor(list(base64.b64decode(state["torch"])), dtype=torch.uint8))
    if state["actions"] is not None:
        model.action_space.np_random.bit_generator.state = state["actions"]


def _generators(space: Any) -> Any:
    """Return the state of an action space's generator, where it can be written down."""
    state = space.np_random.bit_generator.state
    try:
        return json.loads(json.dumps(state))
    except TypeError:
        return None
