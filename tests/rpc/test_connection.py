"""How often a client tries, and that a failed try leaves it as it was."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import grpc
import pytest

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.rpc.connection import Connection, Retries
from gym_gui.rpc.route import Target


class Route:
    """Leads to a daemon, or raises."""

    where = "there"

    def is_hopeless(self, _details: str) -> bool:
        return False

    def unreachable(self, _details: str = "") -> MosaicError:
        return MosaicError("gone")

    def refused(self) -> MosaicError:
        return MosaicError("refused")

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


class Failure:
    """What a call raised."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return ""

    def trailing_metadata(self) -> None:
        return None


def test_it_is_lost_from_the_first_failure_until_an_answer() -> None:
    connection = Connection(Route(), lambda _: Channel())  # type: ignore[arg-type]
    retries = Retries(10, float("inf"))
    assert connection.lost_since is None
    connection.wait_s(Failure(grpc.StatusCode.UNAVAILABLE), retries)
    since = connection.lost_since
    assert since is not None
    connection.wait_s(Failure(grpc.StatusCode.UNAVAILABLE), retries)
    assert connection.lost_since == since
    connection.answered()
    assert connection.lost_since is None
    with pytest.raises(MosaicError):
        connection.wait_s(Failure(grpc.StatusCode.NOT_FOUND), retries)
    assert connection.lost_since is None, "it answered, that there is no such run"
