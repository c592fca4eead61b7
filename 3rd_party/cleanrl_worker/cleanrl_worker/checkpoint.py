"""Checkpoints: everything that a training needs to go on as if it had never stopped.

A file holds no code (it is read with ``weights_only=True``), so that one of unknown origin can be opened safely.
"""

from __future__ import annotations

import json
import os
import platform
import random
import time
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch

from .sdk import UsageError

FORMAT = 1


def rng_state(rng: np.random.Generator) -> dict[str, Any]:
    """Return the state of every random number generator of the process, and of the training's own."""
    kind, keys, position, has_gauss, gauss = np.random.get_state()
    state = {
        "python": json.dumps(random.getstate()),
        "numpy": [kind, torch.from_numpy(np.asarray(keys, dtype=np.int64)), position, has_gauss, gauss],
        "generator": json.dumps(rng.bit_generator.state),
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def restore_rng(state: dict[str, Any], rng: np.random.Generator) -> None:
    """Set every random number generator back to a saved state."""
    version, words, gauss = json.loads(state["python"])
    random.setstate((version, tuple(words), gauss))
    kind, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((kind, keys.cpu().numpy().astype(np.uint32), position, has_gauss, cached))
    rng.bit_generator.state = json.loads(state["generator"])
    torch.set_rng_state(state["torch"].cpu())
    if torch.cuda.is_available():  # with as many GPUs as before, or with fewer
        for device, saved in zip(range(torch.cuda.device_count()), state.get("cuda", ()), strict=False):
            torch.cuda.set_rng_state(saved.cpu(), device)


def library_versions() -> dict[str, str]:
    """Return the versions of what a checkpoint depends on."""
    return {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "gymnasium": gymnasium.__version__,
        "numpy": np.__version__,
    }


def save_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """Write a checkpoint: whole or not at all, and on disk when this returns.

    Args:
        path: The file.
        content: At least ``algo``, ``env_ids``, ``step``, ``parts``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(path.name + ".tmp")
    with unfinished.open("wb") as file:
        torch.save({"format": FORMAT, "saved_at": time.time(), "libraries": library_versions(), **content}, file)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def load_checkpoint(
    path: str | Path, *, algo: str, env_ids: list[str], mode: str = "resume", device: str = "cpu"
) -> dict[str, Any]:
    """Read a checkpoint and see that it belongs to an algorithm and its environments.

    Args:
        path: The file.
        algo: The algorithm that wants to go on from it.
        env_ids: The environments of its stages.
        mode: To ``evaluate`` it, it is enough that it was trained on the last of them, too.
        device: Where its tensors go.

    Raises:
        UsageError: No such file, not one of ours, or another algorithm's or environment's.
    """
    path = Path(path)
    if not path.is_file():
        raise UsageError(
            "There is no such checkpoint.",
            where=f"checkpoint_path: {path}",
            next_step="Take the path from a checkpoint_saved event, or list the run's checkpoints folder.",
        )
    try:
        content = torch.load(path, map_location=device, weights_only=True)
        if content["format"] != FORMAT:
            raise ValueError(f"it has format {content['format']}, this version reads {FORMAT}")
        trained_on = content.get("env_ids") or [content["env_id"]]
        found = {"algo": content["algo"], "env_id": " > ".join(trained_on)}
    except Exception as error:  # whatever a foreign or damaged file makes the unpickler raise
        raise UsageError(
            "The checkpoint cannot be read.",
            where=f"checkpoint_path: {path}",
            why=f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no details'}",
            next_step="Choose a checkpoint that this worker has written.",
        ) from error
    wanted = {"algo": algo, "env_id": " > ".join(env_ids)}
    if mode == "evaluate" and env_ids[-1] in trained_on:
        wanted["env_id"] = found["env_id"]
    if found != wanted:
        differing = ", ".join(
            f"{k} is {found[k]!r} there and {wanted[k]!r} here" for k in found if found[k] != wanted[k]
        )
        raise UsageError(
            "The checkpoint belongs to another training.",
            where=f"checkpoint_path: {path}",
            why=differing,
            next_step=f"Set algo={found['algo']} and env_id={found['env_id']}, or choose another checkpoint.",
        )
    return content


def restore_part(part: Any, checkpoint: dict[str, Any], name: str) -> None:
    """Load one part of a checkpoint (what ``state_dict`` gave) back.

    Raises:
        UsageError: The part has another shape: the networks are not those that were saved.
    """
    try:
        part.load_state_dict(checkpoint["parts"][name])
    except (KeyError, RuntimeError, ValueError) as error:
        raise UsageError(
            f"The checkpoint's {name} does not fit.",
            where=f"checkpoint_path: {checkpoint['path']}",
            why=f"{type(error).__name__}: {str(error).splitlines()[-1].strip()}",
            next_step="Leave hidden_sizes, num_envs, env_kwargs and the normalisations as they were when it was saved.",
        ) from error


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
        path = self.directory / f"step_{step:010d}.pt"
        save_checkpoint(path, content)
        if path not in self._saved:
            self._saved.append(path)
        while self._keep and len(self._saved) > self._keep:
            self._saved.pop(0).unlink(missing_ok=True)
        return path
