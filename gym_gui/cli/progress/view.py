"""What a view of runs does; :mod:`live` and :mod:`plain` do it."""

from __future__ import annotations

from typing import Protocol

from gym_gui.app.progress import RunProgress


class View(Protocol):
    """Shows how runs are getting on."""

    def __enter__(self) -> View:
        """Begin to show."""
        ...

    def __exit__(self, *_: object) -> None:
        """End; what was shown last stays."""
        ...

    def show(self, runs: list[RunProgress], changed: set[str], now: float) -> None:
        """Show the newest values; called several times a second.

        Args:
            runs: All runs of the view, in order.
            changed: Ids of runs whose state has changed since the last call.
            now: Monotonic time, seconds.
        """
        ...

    def note(self, message: str) -> None:
        """Say a sentence."""
        ...


def open_view(*, as_json: bool) -> View:
    """Return the view that fits: live on a terminal, else plain lines; on stderr where stdout carries JSON."""
    from gym_gui.cli.output import console
    from gym_gui.cli.progress.plain import PlainView

    screen = console(stderr=as_json)
    if screen.is_terminal and not screen.is_dumb_terminal:
        from gym_gui.cli.progress.live import LiveView

        return LiveView(screen)
    return PlainView(screen.file)
