"""Errors of the telemetry store, and the exception for invalid lines."""

from __future__ import annotations

from gym_gui.core.worker.errors import MosaicError


class TelemetryError(MosaicError):
    """An error of the telemetry store."""


class OldSchema(TelemetryError):  # noqa: N818 - a state, named as such
    """An earlier version made the database. The holder of the run's lock can rebuild it."""


class DatabaseGone(TelemetryError):  # noqa: N818 - a state, named as such
    """The open database was replaced, removed or damaged. It can be rebuilt from the logs."""


class Fenced(TelemetryError):  # noqa: N818 - a state, named as such
    """Another writer has taken over the database. This one wrote nothing and must exit."""


class DiskFull(TelemetryError):  # noqa: N818 - a state, named as such
    """The disk is full. Nothing changed; the call can be retried once there is space."""


class InvalidTelemetry(Exception):  # noqa: N818 - a judgement of a line, not a fault of ours
    """A line or object is not valid telemetry.

    Args:
        reason: A word to group by, e.g. ``wrong_run``.
        detail: One sentence; cut at 200 characters.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail[:200]
