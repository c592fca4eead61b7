from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gym_gui.workers.one_asks import OneAsks


def test_of_many_who_want_the_same_one_asks() -> None:
    asks, known, asked = OneAsks(), {}, []
    everybody = threading.Barrier(8)

    def want(key: str) -> int:
        everybody.wait(30)
        with asks.about(key):
            if key not in known:
                asked.append(key)
                known[key] = len(asked)
        return known[key]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(want, "aaaabbbb"))
    assert sorted(asked) == ["a", "b"]
    assert len(set(answers[:4])) == len(set(answers[4:])) == 1
    assert not asks._locks


def test_who_asks_for_one_thing_holds_up_nobody_who_wants_another() -> None:
    asks = OneAsks()
    with asks.about("a"), ThreadPoolExecutor(1) as pool:

        def other() -> str:
            with asks.about("b"):
                return "answered"

        assert pool.submit(other).result(30) == "answered"


def test_a_question_that_fails_is_asked_again_by_the_next() -> None:
    asks = OneAsks()
    with pytest.raises(ValueError, match="oh"), asks.about("a"):
        raise ValueError("oh")
    with asks.about("a"):
        assert asks._locks
    assert not asks._locks
