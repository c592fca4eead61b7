"""Where numbers are plotted: TensorBoard event files, written without torch's help, and Weights & Biases."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .tracking import Tracking


class Scalars:
    """A TensorBoard event file of scalars, and the same in Weights & Biases.

    Args:
        directory: Where the event file goes; ``None`` writes nothing.
        tracking: The run of Weights & Biases.
    """

    def __init__(self, directory: Path | None, tracking: Tracking | None = None) -> None:
        self.directory, self._tracking = directory, tracking
        self._writer = None
        if directory is not None:
            from tensorboard.summary.writer.event_file_writer import EventFileWriter

            directory.mkdir(parents=True, exist_ok=True)
            self._writer = EventFileWriter(str(directory), flush_secs=10)

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Write numbers measured at an environment step, all in one event."""
        if self._tracking is not None:
            self._tracking.add(step, values)
        if self._writer is None:
            return
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary

        scalars = [Summary.Value(tag=name, simple_value=value) for name, value in values.items()]
        self._writer.add_event(Event(wall_time=time.time(), step=step, summary=Summary(value=scalars)))

    def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()
