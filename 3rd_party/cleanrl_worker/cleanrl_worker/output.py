"""Everything that a run puts out, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .checkpoint import CheckpointFolder
    from .recorder import Recorder
    from .scalars import Scalars


@dataclass
class Output:
    """Where the events, scalars and checkpoints of a run go, and how often.

    Attributes:
        emitter: Telemetry.
        recorder: Steps and episodes.
        scalars: TensorBoard.
        checkpoints: The folder of checkpoints.
        checkpoint_interval: Steps between checkpoints; 0 saves only at the end.
        metrics_interval: Steps between metric events; 0 emits those of every update.
    """

    emitter: Any
    recorder: Recorder
    scalars: Scalars
    checkpoints: CheckpointFolder
    checkpoint_interval: int
    metrics_interval: int
