"""Tells listeners which runs have changed."""

from __future__ import annotations

from collections.abc import Callable, Collection

Listener = Callable[[Collection[str]], None]


class Changes:
    """Listeners of changes of runs. Any thread may note one; it calls the listeners."""

    def __init__(self) -> None:
        self._listeners: tuple[Listener, ...] = ()

    @property
    def heard(self) -> bool:
        """Whether there are listeners."""
        return bool(self._listeners)

    def add(self, listener: Listener) -> None:
        """Call a function with the ids of changed runs from now on; it must not block."""
        self._listeners = (*self._listeners, listener)

    def remove(self, listener: Listener) -> None:
        """Call a function no more."""
        self._listeners = tuple(each for each in self._listeners if each is not listener)

    def note(self, run_ids: Collection[str]) -> None:
        """Tell the listeners of runs that have changed, were entered or removed."""
        if run_ids:
            for listener in self._listeners:
                listener(run_ids)
