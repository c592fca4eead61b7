"""Properties that many rules ask for and that take long to find out."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Generic, TypeVar, overload

from gym_gui.workers.conformance.rule import NotApplicable

T = TypeVar("T")


class looked_at(Generic[T]):  # noqa: N801 - used like cached_property
    """A property that is found out once, also where what comes out is that it does not apply.

    Args:
        find_out: Returns its value.
    """

    def __init__(self, find_out: Callable[[Any], T]) -> None:
        self.__doc__ = find_out.__doc__
        self._outcome = cached_property(lambda subject: _outcome_of(find_out, subject))

    def __set_name__(self, owner: type, name: str) -> None:
        self._outcome.__set_name__(owner, f"_{name}_outcome")

    @overload
    def __get__(self, subject: None, owner: type) -> looked_at[T]: ...
    @overload
    def __get__(self, subject: object, owner: type) -> T: ...
    def __get__(self, subject: object | None, owner: type) -> T | looked_at[T]:
        if subject is None:
            return self
        found: T | NotApplicable = self._outcome.__get__(subject, owner)
        if isinstance(found, NotApplicable):
            raise NotApplicable(str(found))
        return found


def _outcome_of(find_out: Callable[[Any], T], subject: Any) -> T | NotApplicable:
    try:
        return find_out(subject)
    except NotApplicable as reason:
        return reason
