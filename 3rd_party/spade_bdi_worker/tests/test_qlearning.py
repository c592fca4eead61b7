from __future__ import annotations

import json
from random import Random

import pytest

from spade_bdi_worker.qlearning import QTable, linear_schedule


def test_an_update_moves_a_value_towards_reward_and_what_may_follow() -> None:
    table = QTable(2)
    table.row(1)[:] = [0.5, 2.0]
    error = table.learn(0, 1, 1.0, 1, terminated=False, learning_rate=0.5, gamma=0.9)
    assert error == pytest.approx(1 + 0.9 * 2)
    assert table.row(0) == [0.0, pytest.approx(1.4)]


def test_nothing_follows_a_terminal_state() -> None:
    table = QTable(2)
    table.row(1)[:] = [5.0, 5.0]
    assert table.learn(0, 0, 1.0, 1, terminated=True, learning_rate=1.0, gamma=0.9) == 1.0
    assert table.row(0) == [1.0, 0.0]


def test_ties_are_broken_by_chance_and_the_best_is_found() -> None:
    table, rng = QTable(3), Random(0)
    assert {table.best(0, rng) for _ in range(50)} == {0, 1, 2}
    table.row(0)[:] = [1.0, 0.0, 1.0]
    assert {table.best(0, rng) for _ in range(50)} == {0, 2}
    assert table.first_best(0) == 0
    table.row(0)[1] = 3.0
    assert table.best(0, rng) == table.first_best(0) == 1
    assert table.first_best(99) == 0


def test_a_table_survives_json() -> None:
    table = QTable(2, initial_value=1.5)
    table.learn(7, 1, 0.1, 8, terminated=False, learning_rate=0.3, gamma=0.99)
    other = QTable(2)
    other.load_state_dict(json.loads(json.dumps(table.state_dict())))
    assert other.state_dict() == table.state_dict()
    assert len(other) == 2
    with pytest.raises(ValueError, match="2 actions, the environment 3"):
        QTable(3).load_state_dict(table.state_dict())


def test_it_finds_the_value_of_a_corridor() -> None:
    table, rng = QTable(2), Random(1)
    for _ in range(300):
        state = 0
        while state < 4:
            action = table.best(state, rng) if rng.random() > 0.3 else int(rng.random() * 2)
            after = max(0, state + (1 if action else -1))
            table.learn(state, action, float(after == 4), after, terminated=after == 4, learning_rate=0.5, gamma=0.9)
            state = after
    assert [round(table.row(state)[1], 3) for state in range(4)] == [0.729, 0.81, 0.9, 1.0]


def test_a_schedule_falls_and_stays() -> None:
    assert [linear_schedule(1.0, 0.2, 10, step) for step in (0, 5, 10, 99)] == [1.0, pytest.approx(0.6), 0.2, 0.2]
    assert linear_schedule(1.0, 0.2, 0, 0) == 0.2
