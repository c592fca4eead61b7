from __future__ import annotations

import threading

import pytest

from gym_gui.core.worker.errors import ConfigError, MosaicError
from gym_gui.runs import RunCounterManager, parse_episode_id


def test_it_counts_from_zero_and_names_what_it_counts() -> None:
    counter = RunCounterManager("01M80J6DEQECP1NAR16WDC721Z", "000007")
    assert counter.current_index == -1
    with counter.next_episode() as index:
        assert index == 0
    assert counter.episode_id() == "01M80J6DEQECP1NAR16WDC721Z-w000007-ep000000"
    assert parse_episode_id(counter.episode_id(5)).ep_index == 5


def test_a_failed_episode_keeps_its_index() -> None:
    counter = RunCounterManager("run")
    with pytest.raises(RuntimeError, match="env died"), counter.next_episode():
        raise RuntimeError("env died")
    assert counter.take() == 1


def test_it_goes_on_where_a_run_was() -> None:
    assert RunCounterManager("run", last_index=41).take() == 42


def test_it_ends() -> None:
    counter = RunCounterManager("run", max_episodes=1)
    counter.take()
    with pytest.raises(MosaicError, match="has had its 1 episodes"):
        counter.take()


def test_threads_never_share_an_index() -> None:
    counter = RunCounterManager("run", "a")
    taken: list[int] = []
    threads = [threading.Thread(target=lambda: taken.extend(counter.take() for _ in range(500))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(2000))


def test_names_that_cannot_be_are_refused_at_once() -> None:
    with pytest.raises(ConfigError):
        RunCounterManager("run", "No Slug")
