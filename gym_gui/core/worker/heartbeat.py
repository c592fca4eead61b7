"""Heartbeats from a thread of their own, so that a long update does not look like death."""

from __future__ import annotations

import threading
from typing import Any, Callable, Mapping

from gym_gui.constants import WORKER_HEARTBEAT_INTERVAL_S
from gym_gui.core.worker.telemetry import TelemetryEmitter


class HeartbeatThread:
    """Emits heartbeats while its ``with`` block runs; the first after one interval.

    Args:
        emitter: Emits them.
        interval_s: Seconds between two.
        payload: Called for each heartbeat, in the thread; returns what it is to say.
    """

    def __init__(
        self,
        emitter: TelemetryEmitter,
        interval_s: float = WORKER_HEARTBEAT_INTERVAL_S,
        payload: Callable[[], Mapping[str, Any]] | None = None,
    ) -> None:
        if interval_s <= 0:
            raise ValueError(f"interval_s must be greater than 0 seconds, not {interval_s}")
        self._emitter = emitter
        self._interval_s = interval_s
        self._payload = payload
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="mosaic-heartbeat", daemon=True)

    def __enter__(self) -> HeartbeatThread:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        if self._thread.is_alive():  # a signal may arrive before it has started
            self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(self._interval_s):
            self._emitter.heartbeat(self._say())

    def _say(self) -> Mapping[str, Any] | None:
        if self._payload is None:
            return None
        try:
            return self._payload()
        except Exception as error:  # noqa: BLE001 - a fault in the report must not end the sign of life
            return {"payload_error": f"{type(error).__name__}: {error}"}


__all__ = ["HeartbeatThread"]
