"""Whose turn it is among submitters whose runs wait at one priority. Pure.

For every two submitters it is known whether one of them is ahead: has had one run more started since both wait. Who is
ahead of anybody is not served; so two of them never differ by more than one. The one whose last turn is longest ago is
never ahead of anybody, so there always is somebody to serve.
"""

from __future__ import annotations

from collections.abc import Iterable


class Turns:
    """The turns at one priority.

    Args:
        order: Submitters that wait, the one whose last turn (or arrival) is longest ago first.
        ahead: Pairs of submitters: the first has had one start more than the second since both wait.
    """

    def __init__(self, order: Iterable[str] = (), ahead: Iterable[tuple[str, str]] = ()) -> None:
        self.order = list(order)
        self._ahead = set(ahead)

    def copy(self) -> Turns:
        """Return turns of their own that stand as these do."""
        return Turns(self.order, self._ahead)

    def wait(self, submitters: Iterable[str]) -> None:
        """Have exactly these submitters wait: new ones come last, and who waits no more is forgotten."""
        waiting = dict.fromkeys(submitters)
        for submitter in [each for each in self.order if each not in waiting]:
            self.leave(submitter)
        self.order += [submitter for submitter in waiting if submitter not in self.order]

    def leave(self, submitter: str) -> None:
        """Forget a submitter that waits no more."""
        self.order.remove(submitter)
        self._ahead = {pair for pair in self._ahead if submitter not in pair}

    def is_ahead(self, submitter: str) -> bool:
        """Return whether somebody else must be served before."""
        return any(first == submitter for first, _ in self._ahead)

    def serve(self, submitter: str) -> None:
        """Note that a run of a submitter was started; it must not be ahead of anybody."""
        for other in self.order:
            if (other, submitter) in self._ahead:
                self._ahead.remove((other, submitter))
            elif other != submitter:
                self._ahead.add((submitter, other))
        self.order.remove(submitter)
        self.order.append(submitter)
