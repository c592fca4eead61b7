"""Heartbeats that also tell at once what the worker has begun to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

#: Two heartbeats are never closer than this, in seconds.
LEAST_GAP_S = 1.0


class Pulse:
    """Emits a heartbeat at each change of state, and one after each interval without.

    Args:
        emitter: Emits them.
        interval_s: Seconds between two; 0 emits none.
        payload: Called in the thread for what each says besides the state.
    """

    def __init__(self, emitter: Any, interval_s: float, payload: Callable[[], Mapping[str, Any]]) -> None:
        self._emitter, self._interval_s, self._payload = emitter, interval_s, payload
        self._changed = threading.Condition()
        self._state, self._reported, self._ended = "starting", "starting", False
        self._thread = threading.Thread(target=self._beat, name="mosaic-pulse", daemon=True)

    def __enter__(self) -> Pulse:
        if self._interval_s > 0:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify()
        if self._thread.ident is not None:
            self._thread.join()

    @property
    def state(self) -> str:
        """What the worker is doing."""
        return self._state

    def tell(self, state: str) -> None:
        """Say what the worker has begun to do."""
        with self._changed:
            self._state = state
            self._changed.notify()

    def _beat(self) -> None:
        last = time.monotonic()
        with self._changed:
            while not self._ended:
                now = time.monotonic()
                pause = LEAST_GAP_S if self._state != self._reported else max(self._interval_s, LEAST_GAP_S)
                if now < last + pause:
                    self._changed.wait(last + pause - now)
                    continue
                self._reported, last = self._state, now
                self._emitter.heartbeat({"state": self._state, **self._payload()})


__all__ = ["LEAST_GAP_S", "Pulse"]
