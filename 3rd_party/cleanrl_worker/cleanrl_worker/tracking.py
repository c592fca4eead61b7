"""Weights & Biases, offline or online."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import CleanRLWorkerConfig


class Tracking:
    """A run of Weights & Biases, or nothing where it is off.

    Args:
        config: Says whether, and where to.
        directory: Its files go into a folder ``wandb`` below this one.
        worker_id: The instance of the worker.
    """

    def __init__(self, config: CleanRLWorkerConfig, directory: Path, worker_id: str | None) -> None:
        self.run: Any = None
        if config.wandb == "off" or config.script:  # a script has its own: see script/command.py
            return
        os.environ.setdefault("WANDB_SILENT", "true")
        import wandb

        self.run = wandb.init(
            project=config.wandb_project,
            entity=config.wandb_entity,
            mode=config.wandb,
            dir=str(directory),
            name="-".join(part for part in (config.run_id, worker_id) if part),
            group=config.run_id,
            config=config.to_dict(),
            save_code=False,
        )
        # Not W&B's own step, which must never fall: evaluation episodes are counted from 0 again.
        self.run.define_metric("eval/*", step_metric="eval/episode")
        self.run.define_metric("*", step_metric="global_step")

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Send numbers measured at an environment step, or in an evaluation at an episode."""
        if self.run is not None:
            axis = "eval/episode" if any(name.startswith("eval/") for name in values) else "global_step"
            self.run.log({**values, axis: step})

    def describe(self) -> dict[str, Any] | None:
        """Return what the manifest says of it; ``None`` where it is off."""
        if self.run is None:
            return None
        return {
            "project": self.run.project,
            "entity": self.run.entity or None,
            "run_id": self.run.id,
            "run_name": self.run.name,
            "url": self.run.url,
            "offline_dir": str(Path(self.run.dir).parent) if self.run.offline else None,
        }

    def close(self) -> None:
        """Write what is left."""
        if self.run is not None:
            self.run.finish()
