"""Spaces that are easily got wrong: values of discrete ones have an index each, all others are refused."""

from __future__ import annotations

import awkward_spaces as awkward
import pytest

from spade_bdi_worker.spaces import Discretizer, Unsupported

DISCRETE = [name for name in awkward.OBSERVATIONS if name.startswith(("Discrete", "Multi"))]


@pytest.mark.parametrize("name", DISCRETE)
def test_every_value_has_an_index(name: str) -> None:
    space = awkward.OBSERVATIONS[name]
    space.seed(1)
    numbered = Discretizer(space)
    values = [space.sample() for _ in range(200)]
    indices = [numbered.index(value) for value in values]
    assert all(0 <= index < numbered.size for index in indices)
    assert len(set(indices)) == len({numbered.parts(value) for value in values})


@pytest.mark.parametrize("name", sorted(set(awkward.OBSERVATIONS) - set(DISCRETE)))
def test_others_are_refused(name: str) -> None:
    with pytest.raises(Unsupported):
        Discretizer(awkward.OBSERVATIONS[name])


@pytest.mark.parametrize("name", ["Discrete", "DiscreteStart", "DiscreteNegativeStart"])
def test_actions_are_inside_of_their_space(name: str) -> None:
    space = awkward.ACTIONS[name]
    actions = Discretizer(space)
    assert all(space.contains(actions.value(index)) for index in range(actions.size))
