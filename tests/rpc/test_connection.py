"""How often a client tries, and that a failed try leaves it as it was."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc.connection import Connection, Retries
from gym_gui.rpc.route import Target


class Route:
    """Leads to a daemon, or raises."""

    where = "there"

    def __init__(self) -> None:
        self.closed = 0
        self.fails = False

    @contextlib.contextmanager
    def open(self) -> Iterator[Target]:
        if self.fails:
            raise UsageError("no trainer daemon runs")
        yield Target("unix:/x", (), None, "token")
        self.closed += 1


class Channel:
    """Stands for a channel."""

    def unary_unary(self, *_: object, **__: object) -> Channel:
        return self

    stream_stream = unary_stream = unary_unary


def test_a_daemon_that_is_not_there_leaves_the_connection_usable() -> None:
    route = Route()
    connection = Connection(route, lambda _: Channel())  # type: ignore[arg-type]
    connection.open()
    methods = connection.methods
    route.fails = True
    with pytest.raises(UsageError):
        connection.open()
    assert connection.methods is methods
    assert route.closed == 0, "what the channel is made of stays, too"
    route.fails = False
    _, release = connection.open()
    assert route.closed == 0
    release()
    assert route.closed == 1
    connection.release()
    assert route.closed == 2


def test_tries_end_by_number_and_by_time() -> None:
    retries = Retries(3, float("inf"))
    waits = [retries.next_wait_s() for _ in range(3)]
    assert [wait is None for wait in waits] == [False, False, True]
    retries.start_over()
    assert retries.next_wait_s() is not None
    impatient = Retries(float("inf"), -1)
    assert impatient.next_wait_s() is None
    quiet = Retries(float("inf"), 0.05, from_failure=True)
    time.sleep(0.06)
    assert quiet.next_wait_s() is not None, "a stream that got nothing for long has not failed for long"
    time.sleep(0.06)
    assert quiet.next_wait_s() is None
    patient = Retries(float("inf"), 60)
    assert max(patient.next_wait_s() or 99 for _ in range(50)) <= 3, "the wait has a limit, however often it failed"
