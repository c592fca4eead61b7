from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from gym_gui.fleet.agent.server import Refused, Unreachable
from gym_gui.fleet.ray_cluster.relay import RelayServer


def in_thread(act: Callable[[], Any]) -> Callable[[], Any]:
    """Do something in a thread; return what waits for its result, or raises what it raised."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(act())
        except (Refused, Unreachable) as error:
            found.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def result() -> Any:
        thread.join(10)
        if isinstance(found[0], Exception):
            raise found[0]
        return found[0]

    return result


def test_a_call_is_fetched_and_answered() -> None:
    server = RelayServer()
    result = in_thread(lambda: server.call("append", {"offset": 3}, b"abc"))
    ((number, method, body, data),) = server.exchange("d1", [], 10.0)
    assert (method, body, data) == ("append", '{"offset": 3}', b"abc")
    assert server.exchange("d1", [], 0.0) == []  # not twice
    server.exchange("d1", [(number, 200, '{"size": 6}', b"more")], 0.0)
    assert result() == ({"size": 6}, b"more")
    assert server.answered == 1


def test_refusals_and_faults_are_told_apart() -> None:
    server = RelayServer()
    for status, error in ((409, Refused), (503, Unreachable), (500, Unreachable)):
        result = in_thread(lambda: server.call("put", {}))
        ((number, *_),) = server.exchange("d1", [], 10.0)
        server.exchange("d1", [(number, status, '{"stale": true}', b"")], 0.0)
        with pytest.raises(error) as raised:
            result()
    assert isinstance(raised.value, Unreachable)
    assert server.answered == 1  # the refusal


def test_another_driver_gets_what_the_last_one_did_not_answer() -> None:
    server = RelayServer()
    result = in_thread(lambda: server.call("append", {}))
    first = server.exchange("d1", [], 10.0)
    again = server.exchange("d2", [], 10.0)
    assert first == again
    server.exchange("d2", [(again[0][0], 200, "{}", b"")], 0.0)
    assert result().body == {}


def test_without_a_driver_a_call_may_be_tried_again() -> None:
    server = RelayServer()
    with pytest.raises(Unreachable):
        server.call("beat", {}, timeout_s=0.01)
    assert server.exchange("d1", [], 0.0) == []  # given up
    server.exchange("d1", [(1, 200, "{}", b"")], 0.0)  # too late


def test_a_fetch_that_waits_is_woken() -> None:
    server = RelayServer()
    result = in_thread(lambda: server.exchange("d1", [], 600.0))
    while not server._driver:
        pass
    server.wake()
    assert result() == []
