"""Makes an environment as it was trained in, for MOSAIC to play recorded episodes again."""

from __future__ import annotations

from typing import Any

import gymnasium as gym

from . import make_env as environments
from .config import CleanRLWorkerConfig
from .needs import NEEDS


def make_env(config: dict[str, Any], phase: str, render_mode: str | None) -> gym.Env:  # noqa: ARG001 - the same in both
    """Return an environment that takes the recorded actions and gives the recorded rewards and observations.

    Args:
        config: The worker's config.
        phase: ``train`` or ``eval``.
        render_mode: The environment's.
    """
    algo = str(config.get("algo") or CleanRLWorkerConfig.__dataclass_fields__["algo"].default)
    kwargs = {name: value for name, value in (config.get("env_kwargs") or {}).items() if name != "render_mode"}
    if render_mode is not None:
        kwargs["render_mode"] = render_mode
    return environments.make_env(config["env_id"], kwargs, NEEDS[algo].observations)
