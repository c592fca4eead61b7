"""Whose turn it is among submitters whose runs wait at one priority. Pure.

Whoever has a run that could start goes first if its last turn (or arrival) is longest ago, and last from then on. So
of two who both could, one never starts two runs while the other starts none. Who has only runs that could not start
keeps its place and is passed.
"""

from __future__ import annotations

from collections.abc import Iterable


class Turns:
    """The turns at one priority.

    Args:
        order: Submitters that wait, the one whose last turn (or arrival) is longest ago first.
    """

    def __init__(self, order: Iterable[str] = ()) -> None:
        self.order = list(order)

    def wait(self, submitters: Iterable[str]) -> None:
        """Have exactly these submitters wait: new ones come last, and who waits no more is forgotten."""
        waiting = dict.fromkeys(submitters)
        there = [submitter for submitter in self.order if submitter in waiting]
        self.order = list(dict.fromkeys([*there, *waiting]))

    def serve(self, submitter: str) -> None:
        """Note that a run of a submitter was started."""
        self.order.remove(submitter)
        self.order.append(submitter)
