"""Checks that many rules ask for and that take long: each is made once, also where its outcome is "not applicable"."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class NotApplicable(Exception):  # noqa: N818 - no fault of anybody's
    """A rule does not apply to this worker, or cannot be checked; the message says why."""


class cached_check(Generic[T]):  # noqa: N801 - used like cached_property
    """A property that is computed once.

    Args:
        find_out: Returns its value.
    """

    def __init__(self, find_out: Callable[[Any], T]) -> None:
        self.__doc__ = find_out.__doc__
        self._outcome = cached_property(lambda subject: outcome_of(find_out, subject))

    def __set_name__(self, owner: type, name: str) -> None:
        self._outcome.__set_name__(owner, f"_{name}_outcome")

    @overload
    def __get__(self, subject: None, owner: type) -> cached_check[T]: ...
    @overload
    def __get__(self, subject: object, owner: type) -> T: ...
    def __get__(self, subject: object | None, owner: type) -> T | cached_check[T]:
        if subject is None:
            return self
        return unwrapped(self._outcome.__get__(subject, owner))


def outcome_of(find_out: Callable[[Any], T], subject: Any) -> T | NotApplicable:
    """Return what a check gives, or that it does not apply."""
    try:
        return find_out(subject)
    except NotApplicable as reason:
        return reason


def unwrapped(outcome: T | NotApplicable) -> T:
    """Return the value of an outcome.

    Raises:
        NotApplicable: It has none.
    """
    if isinstance(outcome, NotApplicable):
        raise NotApplicable(str(outcome))
    return outcome
