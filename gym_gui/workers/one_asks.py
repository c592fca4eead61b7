"""Keeps threads that want to know the same thing from all asking for it: one asks, the others find it known."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Hashable, Iterator


class OneAsks:
    """Locks by key, each there as long as somebody wants it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[Hashable, tuple[threading.Lock, int]] = {}

    @contextlib.contextmanager
    def about(self, key: Hashable) -> Iterator[None]:
        """Hold a key: look again whether what is wanted is known by now, and if not ask.

        Args:
            key: What is wanted.
        """
        with self._guard:
            lock, users = self._locks.get(key, (threading.Lock(), 0))
            self._locks[key] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._locks[key]
                if users == 1:
                    del self._locks[key]
                else:
                    self._locks[key] = (lock, users - 1)
