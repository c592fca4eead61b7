from __future__ import annotations

from gym_gui.trainer.restarts import LIMIT, SETTLED_S, Restarts


def test_the_first_death_is_answered_at_once_and_the_next_ones_ever_later() -> None:
    restarts = Restarts()
    delays = [restarts.after(0.1) for _ in range(LIMIT)]
    assert delays[0] == 0.0
    assert delays == sorted(delays)
    assert delays[4] < 2.0
    assert not restarts.hopeless
    assert restarts.after(0.1) == 30.0
    assert restarts.hopeless


def test_early_deaths_may_go_on_for_days() -> None:
    restarts = Restarts()
    assert [restarts.after(0.1) for _ in range(10_000)][-1] == 30.0


def test_a_proxy_that_had_lived_for_a_while_is_always_replaced() -> None:
    restarts = Restarts()
    for _ in range(100):
        assert restarts.after(SETTLED_S) == 0.0
    assert not restarts.hopeless


def test_a_long_life_clears_the_count() -> None:
    restarts = Restarts()
    for _ in range(LIMIT + 1):
        restarts.after(0.1)
    assert restarts.after(SETTLED_S + 1) == 0.0
    assert not restarts.hopeless
