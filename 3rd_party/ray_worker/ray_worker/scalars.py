"""Metrics for people's own tools: TensorBoard event files, Weights & Biases."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Scalars:
    """Where metrics go besides the telemetry.

    Args:
        tensorboard: Folder of TensorBoard event files; ``None`` writes none.
        wandb: What ``wandb.init`` is told (``project``, ``name``, ``dir``, ``config``); ``None`` logs nothing there.
    """

    def __init__(self, tensorboard: Path | None, wandb: Mapping[str, Any] | None = None) -> None:
        self.tensorboard = tensorboard
        self.wandb_dir: str | None = None
        self._writers: dict[str, Any] = {}
        self._wandb: Any = None
        if wandb is not None:
            os.environ.setdefault("WANDB_MODE", "offline")
            os.environ.setdefault("WANDB_SILENT", "true")
            import wandb as library

            self._wandb = library.init(**wandb)
            self.wandb_dir = str(Path(self._wandb.dir).parent)

    def add(self, step: int, values: Mapping[str, float], *, part: str = "") -> None:
        """Write numbers measured at an environment step.

        Args:
            step: The step.
            values: Name to number.
            part: Whose they are (a trial); each has a folder of its own.
        """
        if self.tensorboard is not None:
            if part not in self._writers:
                from tensorboardX import SummaryWriter

                self._writers[part] = SummaryWriter(str(self.tensorboard / part if part else self.tensorboard))
            for name, value in values.items():
                self._writers[part].add_scalar(name, value, step)
        if self._wandb is not None:
            self._wandb.log({(f"{part}/{name}" if part else name): value for name, value in values.items()}, step=step)

    def close(self) -> None:
        """Write what is left."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
        if self._wandb is not None:
            self._wandb.finish()
            self._wandb = None


__all__ = ["Scalars"]
