"""What the networks see, and what environments are told."""

from __future__ import annotations

import pytest

pytest.importorskip("gymnasium")

import gymnasium as gym
import numpy as np

from ray_worker.spaces import Eye, action_kind, is_picture, to_environment


def test_everything_becomes_a_vector() -> None:
    mask = gym.spaces.Dict({"action_mask": gym.spaces.MultiBinary(3), "observation": gym.spaces.Box(-1, 1, (2, 2))})
    for space, size in ((gym.spaces.Discrete(5), 5), (mask, 7), (gym.spaces.Box(0, 9, (3,), np.int64), 3)):
        eye = Eye.of(space)
        assert eye.space.shape == (size,)
        assert eye.space.dtype == np.float32
        assert eye.space.contains(eye(space.sample()))


def test_pictures_stay_pictures() -> None:
    space = gym.spaces.Box(0, 255, (8, 6, 3), np.uint8)
    assert is_picture(space)
    seen = Eye.of(space)(np.full((8, 6, 3), 255, np.uint8))
    assert seen.shape == (8, 6, 3)
    assert float(seen.max()) == 1.0


def test_what_has_no_size_is_refused() -> None:
    with pytest.raises(ValueError, match="no fixed size"):
        Eye.of(gym.spaces.Sequence(gym.spaces.Discrete(2)))


def test_actions_are_spread_over_their_bounds() -> None:
    box = gym.spaces.Box(np.array([0.0, -2.0], np.float32), np.array([1.0, 2.0], np.float32))
    np.testing.assert_allclose(to_environment(np.array([0.0, 5.0]), box), [0.5, 2.0])
    free = gym.spaces.Box(-np.inf, np.inf, (1,))
    np.testing.assert_allclose(to_environment(np.array([7.0]), free), [7.0])
    assert to_environment(np.int64(2), gym.spaces.Discrete(4)) == 2
    assert to_environment(np.array([1, 0]), gym.spaces.MultiDiscrete([2, 2])).tolist() == [1, 0]


def test_kinds_of_actions() -> None:
    spaces = [gym.spaces.Discrete(2), gym.spaces.Box(0, 1), gym.spaces.MultiDiscrete([2]), gym.spaces.MultiBinary(2)]
    assert [action_kind(space) for space in spaces] == ["discrete", "continuous", "multi_discrete", "multibinary"]
