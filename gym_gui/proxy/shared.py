"""The proxies of many runs in one process: each has its turn when something has changed, and now and then.

For runs whose workers run on other machines: here, such a run is a few files that change now and then, and a process
for each would cost more than all that it does.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

from gym_gui.proxy._pace import TICK_HURRIED_S
from gym_gui.proxy.proxy import REPORT_UNWATCHED_S, Proxy

#: Seconds between two looks whether anything of a run has changed, and between two turns while nothing does: times
#: that run out are noticed so late.
LOOK_S, REST_S = 0.25, 2.0
#: Seconds between two turns of a proxy that a client calls for, for each proxy here.
CALLED_S = 0.0005
#: Reports a second of all runs together that no client watches.
REPORTS_PER_S = 100.0
#: Turns in a row before the caller has one.
_TURNS = 50


@dataclass(eq=False)
class _Guest:
    """One proxy."""

    proxy: Proxy
    turns: Generator[float, None, int]
    due: float
    patient: bool = False
    """Nothing but time or a sign is to be waited for."""
    turned_at: float = float("-inf")
    signs: tuple[int, ...] = ()

    @property
    def run_id(self) -> str:
        return self.proxy.folder.run_id


class SharedProxies:
    """Gives the proxies of many runs their turns, in one thread.

    Args:
        clock: Monotonic clock, seconds: the proxies' own.
        on_turn: Called with the folder of a run before anything is done for it.
        on_end: Called with the id of a run and its proxy's exit code, or what it failed with.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        on_turn: Callable[[Path], object],
        on_end: Callable[[str, int | Exception], object],
    ) -> None:
        self._clock = clock
        self._on_turn = on_turn
        self._on_end = on_end
        self._guests: dict[str, _Guest] = {}
        self._due: list[tuple[float, int, _Guest]] = []
        self._count = 0

    def __len__(self) -> int:
        return len(self._guests)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._guests

    def add(self, proxy: Proxy) -> None:
        """Take a proxy in, unless its run has one here."""
        guest = _Guest(proxy, proxy.turns(), self._clock())
        if self._guests.setdefault(guest.run_id, guest) is guest:
            self._queue(guest)
            self._share_out_reports()

    def drain(self) -> None:
        """Let all proxies end soon; the workers go on."""
        for guest in self._guests.values():
            guest.proxy.drain()
            guest.patient = False

    def turn(self) -> float:
        """Give those a turn that are due; return the seconds until the next is."""
        for _ in range(_TURNS):
            now = self._clock()
            if not self._due or self._due[0][0] > now:
                break
            guest = heapq.heappop(self._due)[2]
            if self._visit(guest, now):
                self._queue(guest)
            else:
                del self._guests[guest.run_id]
                self._share_out_reports()
        return max(0.0, self._due[0][0] - self._clock()) if self._due else LOOK_S

    def _visit(self, guest: _Guest, now: float) -> bool:
        """Let a proxy work if there is anything to do; return whether it goes on."""
        self._on_turn(guest.proxy.folder.path)
        signs = guest.proxy.signs()  # before its turn: what changes during it is seen the next time
        if guest.patient and signs == guest.signs and now - guest.turned_at < REST_S and not guest.proxy.called:
            guest.due = now + LOOK_S
            return True
        guest.signs = signs
        try:
            pause_s = next(guest.turns)
        except StopIteration as end:
            self._on_end(guest.run_id, int(end.value))
            return False
        except Exception as error:  # noqa: BLE001 - one run's trouble is not that of the others
            self._on_end(guest.run_id, error)
            return False
        guest.turned_at = self._clock()
        guest.patient = pause_s > TICK_HURRIED_S
        least_s = CALLED_S * len(self._guests) if guest.proxy.called else LOOK_S
        guest.due = guest.turned_at + (max(pause_s, least_s) if guest.patient else pause_s)
        return True

    def _queue(self, guest: _Guest) -> None:
        self._count += 1
        # Runs that were started together do not stay together.
        spread_s = random.uniform(0.0, LOOK_S / 10) if guest.patient else 0.0
        heapq.heappush(self._due, (guest.due + spread_s, self._count, guest))

    def _share_out_reports(self) -> None:
        for guest in self._guests.values():
            guest.proxy.report_s = max(REPORT_UNWATCHED_S, len(self._guests) / REPORTS_PER_S)
