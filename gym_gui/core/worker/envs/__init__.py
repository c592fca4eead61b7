"""Environments that report for themselves: wrap one, and its steps and episodes are emitted.

Needs gymnasium, which is imported when :class:`TelemetryWrapper` is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gym_gui.core.worker.envs.counter import RunCounter
from gym_gui.core.worker.envs.sampling import EpisodeSampling

if TYPE_CHECKING:
    from gym_gui.core.worker.envs.wrapper import TelemetryWrapper

__all__ = ["EpisodeSampling", "RunCounter", "TelemetryWrapper"]


def __getattr__(name: str) -> Any:
    if name == "TelemetryWrapper":
        from gym_gui.core.worker.envs.wrapper import TelemetryWrapper

        return TelemetryWrapper
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
