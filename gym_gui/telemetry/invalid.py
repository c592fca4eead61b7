"""The verdict that quarantines a line or an object."""

from __future__ import annotations


class Invalid(Exception):  # noqa: N818 - a verdict on what was printed, not a fault of ours
    """What was printed is not valid telemetry.

    Args:
        reason: A word to group by, e.g. ``wrong_run``.
        detail: One sentence; cut at 200 characters.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail[:200]
