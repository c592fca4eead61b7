"""Destination of a proxy's reports: the contract, and the one for a proxy without a daemon."""

from __future__ import annotations

from typing import Protocol

from gym_gui.runs import RunSummary


class Reporter(Protocol):
    """Destination of a proxy's reports."""

    def report(self, summary: RunSummary) -> None:
        """Queue a report without blocking; only the newest is kept."""

    def watched(self) -> bool:
        """Return whether a client watches the run's summary."""

    def streamed(self) -> bool:
        """Return whether a client streams the run's rows."""

    def urgent(self) -> bool:
        """Return whether the run's end was requested."""

    def close(self, timeout_s: float) -> None:
        """Deliver the last report if possible within `timeout_s` seconds."""


class NoReporter:
    """A reporter that discards all reports."""

    def report(self, summary: RunSummary) -> None:
        """Discard the report."""

    def watched(self) -> bool:
        """Return ``False``."""
        return False

    def streamed(self) -> bool:
        """Return ``False``."""
        return False

    def urgent(self) -> bool:
        """Return ``False``."""
        return False

    def close(self, timeout_s: float) -> None:
        """Return at once."""
