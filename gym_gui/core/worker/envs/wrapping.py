"""Picks the wrapper that an environment needs."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from gym_gui.core.worker.errors import UsageError
from gym_gui.core.worker.telemetry import TelemetryEmitter

#: Module and class of what is to be wrapped, and the module and class that wraps it.
_KINDS = (
    ("gymnasium.vector", "VectorEnv", "vector", "VectorTelemetryWrapper"),
    ("gymnasium", "Env", "wrapper", "TelemetryWrapper"),
    ("pettingzoo.utils.env", "ParallelEnv", "parallel", "ParallelTelemetryWrapper"),
    ("pettingzoo.utils.env", "AECEnv", "aec", "AECTelemetryWrapper"),
)


def wrap(env: Any, emitter: TelemetryEmitter, **options: Any) -> Any:
    """Return an environment of any kind that emits its steps and episodes.

    Args:
        env: A Gymnasium environment or vector of environments, or a PettingZoo environment of either kind.
        emitter: Emits its events.
        options: What its wrapper takes: ``steps observations frames frames_dir render phase counter``, for
            Gymnasium also ``agent_id``.

    Raises:
        UsageError: It is none of these.
        ConfigError: A sampling rule is not valid.
    """
    for library, kind, module, wrapper in _KINDS:
        # What an environment is an instance of has been imported by the code that made it.
        known = getattr(sys.modules.get(library), kind, None)
        if known is not None and isinstance(env, known):
            return getattr(importlib.import_module(f"gym_gui.core.worker.envs.{module}"), wrapper)(
                env, emitter, **options
            )
    raise UsageError(
        f"a {type(env).__module__}.{type(env).__qualname__} is not an environment that can be wrapped",
        why="it is none of gymnasium.Env, gymnasium.vector.VectorEnv, pettingzoo.ParallelEnv and pettingzoo.AECEnv",
        next_step="emit its steps and episodes yourself: emitter.step(...), emitter.episode(...)",
    )


__all__ = ["wrap"]
