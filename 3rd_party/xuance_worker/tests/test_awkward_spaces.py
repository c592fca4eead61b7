"""Spaces that are easily got wrong: what the networks choose is an action of the environment."""

from __future__ import annotations

import awkward_spaces as awkward
import numpy as np
import pytest
from gymnasium import spaces

from xuance_worker.spaces import Translation

BOUNDED = [
    name
    for name, space in awkward.ACTIONS.items()
    if isinstance(space, spaces.Discrete) or (isinstance(space, spaces.Box) and space.is_bounded())
]


@pytest.mark.parametrize("name", BOUNDED)
def test_actions_are_inside_of_their_space(name: str) -> None:
    space = awkward.ACTIONS[name]
    translation = Translation.of(awkward.VECTOR, space, span=(-1.0, 1.0))
    chosen = translation.action_space
    assert isinstance(chosen, spaces.Discrete) or len(chosen.shape) == 1
    for _ in range(50):
        action = translation.act(chosen.sample())
        assert np.shape(action) == space.shape
        assert space.contains(action)
