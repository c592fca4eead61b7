"""Metrics for people's own tools: TensorBoard event files, Weights & Biases."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import RayWorkerConfig


class Scalars:
    """Where metrics go besides the telemetry.

    Args:
        tensorboard: Folder of TensorBoard event files; ``None`` writes none.
        tracking: A run of Weights & Biases; ``None`` logs nothing there.
    """

    def __init__(self, tensorboard: Path | None, tracking: Any = None) -> None:
        self._folder, self._tracking = tensorboard, tracking
        self._writers: dict[str, Any] = {}
        self._described: dict[str, Any] | None = None

    def add(self, step: int, values: Mapping[str, float], *, part: str = "") -> None:
        """Write numbers measured at an environment step.

        Args:
            step: The step.
            values: Name to number.
            part: Whose they are (a trial); each has a folder of its own.
        """
        if self._folder is not None:
            if part not in self._writers:
                from tensorboardX import SummaryWriter

                self._writers[part] = SummaryWriter(str(self._folder / part if part else self._folder))
            for name, value in values.items():
                self._writers[part].add_scalar(name, value, step)
        if self._tracking is not None:
            tracked = {f"{part}/{name}": value for name, value in values.items()} if part else dict(values)
            self._tracking.log({**tracked, "global_step": step})

    def describe(self) -> dict[str, Any] | None:
        """Return what the manifest says of the run of Weights & Biases; ``None`` where there is none."""
        run = self._tracking
        if run is None:
            return self._described
        return {
            "project": run.project,
            "entity": run.entity or None,
            "run_id": run.id,
            "run_name": run.name,
            "url": run.url,
            "offline_dir": str(Path(run.dir).parent) if run.offline else None,
        }

    def close(self) -> None:
        """Write what is left."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
        if self._tracking is not None:
            self._described = self.describe()
            self._tracking.finish()
            self._tracking = None


def open_tracking(config: RayWorkerConfig, directory: Path, worker_id: str | None) -> Any:
    """Open a run of Weights & Biases.

    Args:
        config: Says whether, and where to.
        directory: Its files go into a folder ``wandb`` below this one.
        worker_id: The instance of the worker.

    Returns:
        The run, ``None`` where it is off.
    """
    if config.wandb == "off" or config.mode == "evaluate":
        return None
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    return wandb.init(
        project=config.wandb_project,
        entity=config.wandb_entity,
        mode="offline" if config.wandb == "offline" else "online",
        dir=str(directory),
        name="-".join(part for part in (config.run_id, worker_id) if part),
        group=config.run_id,
        config=config.to_dict(),
        save_code=False,
    )


__all__ = ["Scalars", "open_tracking"]
