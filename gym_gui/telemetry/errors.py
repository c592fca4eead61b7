"""What can keep the telemetry store from going on."""

from __future__ import annotations

from gym_gui.core.worker.errors import MosaicError


class TelemetryError(MosaicError):
    """A fault of the telemetry store."""


class OldSchema(TelemetryError):  # noqa: N818 - a state, named as such
    """The database was made by an earlier version; whoever holds the run's lock can rebuild it."""


class DatabaseGone(TelemetryError):  # noqa: N818 - a state, named as such
    """The database that is open is not the run's any more, or is no database; the logs can give another."""


class Fenced(TelemetryError):  # noqa: N818 - a state, named as such
    """Another writer has taken over the run's database: this one must end, and has written nothing."""


class DiskFull(TelemetryError):  # noqa: N818 - a state, named as such
    """The disk refused. Nothing was lost or moved: the same call may be tried again once there is room."""
