from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gym_gui.workers.keyed_lock import KeyedLock


def test_concurrent_requests_for_one_key_are_answered_once() -> None:
    lock, known, asked = KeyedLock(), {}, []
    everybody = threading.Barrier(8)

    def want(key: str) -> int:
        everybody.wait(30)
        with lock.held(key):
            if key not in known:
                asked.append(key)
                known[key] = len(asked)
        return known[key]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(want, "aaaabbbb"))
    assert sorted(asked) == ["a", "b"]
    assert len(set(answers[:4])) == len(set(answers[4:])) == 1
    assert not lock._locks


def test_one_key_does_not_block_another() -> None:
    lock = KeyedLock()
    with lock.held("a"), ThreadPoolExecutor(1) as pool:

        def other() -> str:
            with lock.held("b"):
                return "answered"

        assert pool.submit(other).result(30) == "answered"


def test_a_failure_releases_the_lock() -> None:
    lock = KeyedLock()
    with pytest.raises(ValueError, match="oh"), lock.held("a"):
        raise ValueError("oh")
    with lock.held("a"):
        assert lock._locks
    assert not lock._locks
