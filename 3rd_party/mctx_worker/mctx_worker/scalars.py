"""TensorBoard event files and Weights & Biases, both optional: the extra 'tracking'."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from .config import MctxWorkerConfig
from .sdk import Problem


def check_tracking(config: MctxWorkerConfig) -> list[Problem]:
    """Return the libraries that the config needs and this environment does not have.

    Args:
        config: The run's config.
    """
    wanted = {"tensorboard": config.tensorboard, "wandb": config.wandb != "off"}
    return [
        Problem(
            name,
            f"the library {name} is not in this worker's environment",
            value=getattr(config, name),
            allowed=f"{'false' if name == 'tensorboard' else 'off'}, or after: mosaic workers install 'mctx[tracking]'",
        )
        for name, on in wanted.items()
        if on and find_spec(name) is None
    ]


class Scalars:
    """Writes numbers to TensorBoard and Weights & Biases, where they are on.

    Args:
        config: The run's config.
        directory: Folder of TensorBoard's files.
        worker_id: The instance of the worker.
    """

    def __init__(self, config: MctxWorkerConfig, directory: Path, worker_id: str | None) -> None:
        self.wandb_run: Any = None
        self._writer: Any = None
        if config.tensorboard:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter

            directory.mkdir(parents=True, exist_ok=True)
            self._writer = EventFileWriter(str(directory), flush_secs=10)
        if config.wandb != "off":
            self.wandb_run = _start_wandb(config, worker_id)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Write numbers measured at a step.

        Args:
            step: The step.
            values: Numbers by name.
        """
        if self._writer is not None:
            from tensorboard.compat.proto.event_pb2 import Event
            from tensorboard.compat.proto.summary_pb2 import Summary

            scalars = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
            self._writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=scalars)))
        if self.wandb_run is not None:
            self.wandb_run.log({**values, "global_step": step})

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
        if self.wandb_run is not None:
            self.wandb_run.finish()


def _start_wandb(config: MctxWorkerConfig, worker_id: str | None) -> Any:
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    return wandb.init(
        project=config.wandb_project,
        name="-".join(part for part in (config.run_id, worker_id) if part),
        config=config.to_dict(),
        mode="offline" if config.wandb == "offline" else "online",
        dir=str(Path.cwd()),
        group=config.run_id,
    )
