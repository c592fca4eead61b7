"""Discrete observations and actions as table indices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium as gym


class Unsupported(Exception):  # noqa: N818 - not a failure: it says which part of a space does not fit
    """A space, or a part of one, that has no finite number of values."""


class Discretizer:
    """Numbers the values of a discrete space.

    Args:
        space: ``Discrete``, ``MultiDiscrete``, ``MultiBinary``, or a ``Tuple`` or ``Dict`` of them.

    Raises:
        Unsupported: It is something else.
    """

    def __init__(self, space: gym.Space[Any]) -> None:
        self._leaves = [(int(n), int(start)) for n, start in _leaves(space)]
        self._space = space
        self._plain = isinstance(space, gym.spaces.Discrete)
        self.size = 1
        for n, _ in self._leaves:
            self.size *= n

    def parts(self, value: Any) -> tuple[int, ...]:
        """Return the numbers that a value is made of, as the environment has them."""
        return (int(value),) if self._plain else tuple(_flatten(self._space, value))

    def index(self, value: Any) -> int:
        """Return a value's index, from 0."""
        if self._plain:
            return int(value) - self._leaves[0][1]
        index = 0
        for (n, start), part in zip(self._leaves, _flatten(self._space, value), strict=True):
            index = index * n + part - start
        return index

    def value(self, index: int) -> int:
        """Return the value of an index of a ``Discrete`` space, e.g. an action."""
        return index + self._leaves[0][1]


def _leaves(space: gym.Space[Any]) -> Iterator[tuple[int, int]]:
    if isinstance(space, gym.spaces.Discrete):
        yield int(space.n), int(space.start)
    elif isinstance(space, gym.spaces.MultiDiscrete):
        yield from zip(space.nvec.ravel().tolist(), space.start.ravel().tolist(), strict=True)
    elif isinstance(space, gym.spaces.MultiBinary):
        size = 1
        for n in space.shape:
            size *= n
        yield from [(2, 0)] * size
    elif isinstance(space, gym.spaces.Tuple):
        for part in space.spaces:
            yield from _leaves(part)
    elif isinstance(space, gym.spaces.Dict):
        for part in space.spaces.values():
            yield from _leaves(part)
    else:
        raise Unsupported(f"{space}")


def _flatten(space: gym.Space[Any], value: Any) -> Iterator[int]:
    if isinstance(space, gym.spaces.Tuple):
        for part, inner in zip(space.spaces, value, strict=True):
            yield from _flatten(part, inner)
    elif isinstance(space, gym.spaces.Dict):
        for name, part in space.spaces.items():
            yield from _flatten(part, value[name])
    elif isinstance(space, gym.spaces.Discrete):
        yield int(value)
    else:
        yield from (int(part) for part in value.ravel())
