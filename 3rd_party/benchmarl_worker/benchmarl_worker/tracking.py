"""Weights & Biases, offline or online."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .config import BenchmarlWorkerConfig


class Tracking:
    """A run of Weights & Biases, or nothing where it is off.

    Args:
        config: Says whether, and where to.
        directory: Its files go into a folder ``wandb`` below this one.
        worker_id: The instance of the worker.
    """

    def __init__(self, config: BenchmarlWorkerConfig, directory: Path, worker_id: str | None) -> None:
        self.run: Any = None
        if config.wandb == "off":
            return
        os.environ.setdefault("WANDB_SILENT", "true")
        import wandb

        self.run = wandb.init(
            project=config.wandb_project,
            entity=config.wandb_entity,
            mode="offline" if config.wandb == "offline" else "online",
            dir=str(directory),
            name="-".join(part for part in (config.run_id, worker_id) if part),
            group=config.run_id,
            config=config.to_dict(),
            save_code=False,
        )

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Send numbers measured at an environment step."""
        if self.run is not None:
            self.run.log({**values, "global_step": step}, step=step)

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
