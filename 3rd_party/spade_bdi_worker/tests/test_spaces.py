from __future__ import annotations

from typing import Any

import gymnasium as gym
import pytest

from spade_bdi_worker.spaces import Discretizer, Unsupported

_D = gym.spaces.Discrete


@pytest.mark.parametrize(
    "space",
    [
        _D(5),
        _D(4, start=2),
        gym.spaces.Tuple((_D(3), _D(4, start=1), _D(2))),
        gym.spaces.MultiDiscrete([2, 3]),
        gym.spaces.MultiBinary(3),
        gym.spaces.Dict({"a": _D(2), "b": gym.spaces.Tuple((_D(3), _D(2)))}),
    ],
)
def test_every_value_has_an_index_of_its_own(space: Any) -> None:
    space.seed(0)
    numbered = Discretizer(space)
    seen = {}
    for _ in range(400):
        value = space.sample()
        index = numbered.index(value)
        assert 0 <= index < numbered.size
        assert seen.setdefault(index, numbered.parts(value)) == numbered.parts(value)
        assert all(type(part) is int for part in numbered.parts(value))
    assert len(seen) == numbered.size == len(set(seen.values()))


def test_actions_come_back_as_the_environment_has_them() -> None:
    assert [Discretizer(_D(3, start=5)).value(index) for index in range(3)] == [5, 6, 7]


@pytest.mark.parametrize("space", [gym.spaces.Box(-1, 1, (2,)), gym.spaces.Tuple((_D(2), gym.spaces.Box(0, 1)))])
def test_what_is_not_discrete_is_named(space: Any) -> None:
    with pytest.raises(Unsupported, match="Box"):
        Discretizer(space)
