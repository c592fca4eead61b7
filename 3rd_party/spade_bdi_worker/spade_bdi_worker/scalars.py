"""TensorBoard event files and Weights & Biases, where they are wanted. Both are libraries of the extra 'tracking'."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .sdk import Problem

if TYPE_CHECKING:
    from .config import RunConfig


def check_tracking(config: RunConfig) -> list[Problem]:
    """Return which library is missing that the config wants."""
    wanted = {"tensorboard": config.tensorboard, "wandb": config.wandb != "disabled"}
    return [
        Problem(
            name,
            f"the library {name} is not in this worker's environment",
            value=getattr(config, name),
            allowed=f"{'false' if name == 'tensorboard' else 'disabled'}, or after: "
            "pip install 'spade-bdi-worker[tracking]'",
        )
        for name, on in wanted.items()
        if on and find_spec(name) is None
    ]


class Scalars:
    """Where numbers are plotted.

    Args:
        config: Says where.
        directory: Folder of TensorBoard's files.
        worker_id: The instance of the worker.
    """

    def __init__(self, config: RunConfig, directory: Path, worker_id: str | None) -> None:
        self.tensorboard_dir = directory if config.tensorboard else None
        self.wandb_run: Any = None
        self._writer: Any = None
        if config.tensorboard:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter

            directory.mkdir(parents=True, exist_ok=True)
            self._writer = EventFileWriter(str(directory), flush_secs=10)
        if config.wandb != "disabled":
            self.wandb_run = _start_wandb(config, worker_id)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Plot numbers measured at a step."""
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


def _start_wandb(config: RunConfig, worker_id: str | None) -> Any:
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    hidden = {"xmpp_password", "xmpp_jid", "xmpp_host", "xmpp_port"}
    said = {name: value for name, value in config.to_dict().items() if name not in hidden}
    name = f"{config.run_id}-{worker_id}" if worker_id else config.run_id
    return wandb.init(
        project=config.wandb_project,
        name=name,
        config=said,
        mode=config.wandb,
        dir=str(Path.cwd()),
        group=config.run_id,
    )
