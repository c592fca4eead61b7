"""What this worker needs of MOSAIC's SDK before a run begins, and what stands in for it where it is not installed.

A run itself needs the SDK; the package, its config and its help do not.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

try:
    importlib.import_module("gym_gui.core.worker")
    HAS_SDK = True
except ImportError:
    HAS_SDK = False

if TYPE_CHECKING or HAS_SDK:
    from gym_gui.core.worker.envs import find_env_spec, nearest_env_ids
    from gym_gui.core.worker.envs.returns import as_float
    from gym_gui.core.worker.errors import ConfigError, MosaicError, Problem, UsageError, nearest
else:

    def as_float(reward: Any) -> float:
        """Return a reward of any numeric type as Python's float, in which it is then summed."""
        return float(reward.item() if hasattr(reward, "item") else reward)

    class MosaicError(Exception):
        """An error with its place, its cause and what to do next."""

        def __init__(self, what: str, *, where: str = "", why: str = "", next_step: str = "") -> None:
            self.what = what
            super().__init__("\n  ".join(part for part in (what, where, why, next_step) if part))

    class UsageError(MosaicError):
        """The user asked for something that cannot be."""

    class Problem:
        """One fault of a config."""

        def __init__(
            self, path: str, message: str, *, value: Any = None, allowed: str = "", nearest: str | None = None
        ) -> None:
            self.path, self.message, self.value, self.allowed, self.nearest = path, message, value, allowed, nearest

        def __str__(self) -> str:
            hint = f" (allowed: {self.allowed})" if self.allowed else ""
            return f"{self.path}: {self.message}{hint}" + (f"; did you mean {self.nearest!r}?" if self.nearest else "")

    class ConfigError(UsageError, ValueError):
        """A config with one or more faults."""

        def __init__(self, what: str, problems: Iterable[Problem] = (), **parts: str) -> None:
            self.problems = list(problems)
            super().__init__("\n  ".join([what, *map(str, self.problems)]), **parts)

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
    """Check types, bounds and names of a config; nothing is checked without the SDK."""
    if not HAS_SDK:
        return []
    from gym_gui.core.worker.schema import check_config as check

    return check(config_class, values)


def log_constant(name: str) -> Any:
    """Return MOSAIC's log constant ``LOG_WORKER_SPADE_BDI_<name>``."""
    constants = importlib.import_module("gym_gui.logging_config.log_constants")
    return getattr(constants, f"LOG_WORKER_SPADE_BDI_{name}")


__all__ = [
    "HAS_SDK",
    "ConfigError",
    "MosaicError",
    "Problem",
    "UsageError",
    "as_float",
    "check_config",
    "find_env_spec",
    "log_constant",
    "nearest",
    "nearest_env_ids",
]
