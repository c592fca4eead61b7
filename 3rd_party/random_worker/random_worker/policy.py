"""Random actions of any action space."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium as gym
import numpy as np

#: Discrete actions drawn at a time: drawing one by one costs more than stepping a small environment.
_CHUNK = 4096


def random_actions(space: gym.Space[Any], seed: int) -> Iterator[Any]:
    """Yield random actions for ever.

    Args:
        space: The action space.
        seed: The same seed yields the same actions.
    """
    if isinstance(space, gym.spaces.Discrete):
        rng = np.random.default_rng(seed)
        while True:
            yield from rng.integers(space.start, space.start + space.n, _CHUNK).tolist()
    space.seed(seed)
    while True:
        yield space.sample()
