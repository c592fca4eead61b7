"""Environments that report for themselves: wrap one, and its steps and episodes are emitted.

Gymnasium and PettingZoo are imported when a wrapper for them is first used. :func:`wrap` picks the wrapper.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gym_gui.core.worker.envs.counter import RunCounter
from gym_gui.core.worker.envs.ids import (
    EnvironmentPackageError,
    find_env_spec,
    import_env_package,
    nearest_env_ids,
    parse_env_id,
)
from gym_gui.core.worker.envs.live_frames import LiveFrames
from gym_gui.core.worker.envs.rendering import make_rendered
from gym_gui.core.worker.envs.sampling import EpisodeSampling
from gym_gui.core.worker.envs.wrapping import wrap

if TYPE_CHECKING:
    from gym_gui.core.worker.envs.aec import AECTelemetryWrapper
    from gym_gui.core.worker.envs.parallel import ParallelTelemetryWrapper
    from gym_gui.core.worker.envs.vector import VectorTelemetryWrapper
    from gym_gui.core.worker.envs.wrapper import TelemetryWrapper

_HOMES = {
    "AECTelemetryWrapper": "aec",
    "ParallelTelemetryWrapper": "parallel",
    "TelemetryWrapper": "wrapper",
    "VectorTelemetryWrapper": "vector",
}

__all__ = [
    "AECTelemetryWrapper",
    "EnvironmentPackageError",
    "EpisodeSampling",
    "LiveFrames",
    "ParallelTelemetryWrapper",
    "RunCounter",
    "TelemetryWrapper",
    "VectorTelemetryWrapper",
    "find_env_spec",
    "import_env_package",
    "make_rendered",
    "nearest_env_ids",
    "parse_env_id",
    "wrap",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
