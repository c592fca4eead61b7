"""What this worker uses of MOSAIC's SDK, and the little that stands in for it where MOSAIC is not installed."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

try:
    importlib.import_module("gym_gui.core.worker")
    HAS_SDK = True
except ImportError:
    HAS_SDK = False

if TYPE_CHECKING or HAS_SDK:
    from gym_gui.core.worker.cli_base import Cancelled
    from gym_gui.core.worker.envs import find_env_spec, nearest_env_ids
    from gym_gui.core.worker.envs.returns import as_float
    from gym_gui.core.worker.errors import ConfigError, Problem, UsageError, nearest
else:

    class Cancelled(BaseException):
        """A request to stop; nothing raises it without MOSAIC."""

    class UsageError(Exception):
        """The user asked for something that cannot be."""

        def __init__(self, what: str, *, where: str = "", why: str = "", next_step: str = "") -> None:
            super().__init__("\n  ".join(part for part in (what, where, why, next_step) if part))

    class Problem:
        """One fault of a config."""

        def __init__(
            self, path: str, message: str, *, value: Any = None, allowed: str = "", nearest: str | None = None
        ) -> None:
            self.path, self.message, self.value, self.allowed, self.nearest = path, message, value, allowed, nearest

        def to_dict(self) -> dict[str, Any]:
            """Return the fault as a JSON-ready dict."""
            return dict(vars(self))

        def __str__(self) -> str:
            hint = f" (allowed: {self.allowed})" if self.allowed else ""
            return f"{self.path}: {self.message}{hint}" + (f"; did you mean {self.nearest!r}?" if self.nearest else "")

    class ConfigError(UsageError, ValueError):
        """A config with one or more faults."""

        def __init__(self, what: str, problems: Iterable[Problem] = (), **parts: str) -> None:
            self.problems = list(problems)
            super().__init__("\n  ".join([what, *map(str, self.problems)]), **parts)

    def as_float(reward: Any) -> float:
        """Return a reward of any numeric type as Python's float, in which it is then summed."""
        return float(reward.item() if hasattr(reward, "item") else reward)

    def nearest(name: str, candidates: Iterable[str]) -> str | None:
        """Return the candidate nearest to a mistyped name."""
        found = difflib.get_close_matches(name, list(candidates), n=1)
        return found[0] if found else None

    def find_env_spec(env_id: str) -> Any:
        """Return Gymnasium's spec of an environment, after its package has been imported."""
        import gymnasium

        package, colon, name = env_id.rpartition(":")
        if colon:
            importlib.import_module(package)
        return gymnasium.spec(name)

    def nearest_env_ids(env_id: str, names: Iterable[str], count: int = 3) -> list[str]:
        """Return the registered names that are like an unknown id's."""
        return difflib.get_close_matches(env_id.rpartition(":")[2], list(names), n=count)


def check_config(config_class: type, values: dict[str, Any]) -> list[Problem]:
    """Check types, bounds and names of a config; nothing is checked without MOSAIC."""
    if not HAS_SDK:
        return []
    from gym_gui.core.worker.schema import check_config as check

    return check(config_class, values)


def open_emitter(run_id: str, worker_id: str | None, logger: Any) -> Any:
    """Return what emits telemetry."""
    if HAS_SDK:
        from gym_gui.core.worker.telemetry import TelemetryEmitter

        return TelemetryEmitter(run_id, worker_id=worker_id, logger=logger)
    from .telemetry import PlainEmitter

    return PlainEmitter(run_id, worker_id)


def heartbeats(emitter: Any, interval_s: float, payload: Any) -> AbstractContextManager[Any]:
    """Return a context in which heartbeats are emitted; none are without MOSAIC."""
    if not HAS_SDK or interval_s <= 0:
        return nullcontext()
    from gym_gui.core.worker.heartbeat import HeartbeatThread

    return HeartbeatThread(emitter, interval_s, payload)


def log_constant(name: str) -> Any:
    """Return MOSAIC's log constant ``LOG_WORKER_RANDOM_<name>``, or ``None`` without MOSAIC."""
    if not HAS_SDK:
        return None
    constants = importlib.import_module("gym_gui.logging_config.log_constants")
    return getattr(constants, f"LOG_WORKER_RANDOM_{name}")


__all__ = [
    "HAS_SDK",
    "Cancelled",
    "ConfigError",
    "Problem",
    "UsageError",
    "as_float",
    "check_config",
    "find_env_spec",
    "heartbeats",
    "log_constant",
    "nearest",
    "nearest_env_ids",
    "open_emitter",
]
