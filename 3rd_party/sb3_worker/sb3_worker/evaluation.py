"""Whole episodes of a policy that no longer learns."""

from __future__ import annotations

from typing import Any

import numpy as np

from .masking import METHOD
from .recorder import RecordedVecEnv
from .sdk import HeldSignals


def evaluate(
    model: Any, recorder: RecordedVecEnv, *, episodes: int, deterministic: bool, masks: bool, signals: HeldSignals
) -> dict[str, Any]:
    """Play whole episodes.

    Args:
        model: Has the policy, and one environment.
        recorder: The recorder of that environment.
        episodes: How many.
        deterministic: Take the best action instead of drawing one.
        masks: Tell the policy which actions are valid.
        signals: Requests to stop.

    Returns:
        Number of episodes and steps; mean, standard deviation, smallest and largest return.
    """
    env = model.get_env()
    observations = env.reset()
    state, starts = None, np.ones((env.num_envs,), dtype=bool)
    steps = 0
    while len(recorder.returns) < episodes:
        mask_arguments = {METHOD: np.stack(env.env_method(METHOD))} if masks else {}
        actions, state = model.predict(
            observations, state=state, episode_start=starts, deterministic=deterministic, **mask_arguments
        )
        observations, _, starts, _ = env.step(actions)
        steps += env.num_envs
        if signals.pending:
            signals.deliver()
    returns = recorder.returns[:episodes]
    return {
        "episodes": episodes,
        "steps": steps,
        "mean_return": float(np.mean(returns)),
        "std_return": float(np.std(returns)),
        "min_return": min(returns),
        "max_return": max(returns),
    }
