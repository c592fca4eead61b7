"""Runs are compared by the settings in which they differ."""

from __future__ import annotations

from gym_gui.reading.differences import differing_values


def test_only_what_differs_is_shown() -> None:
    rows = [{"lr": [1], "same": [3], "env.level": ["a"]}, {"lr": [2], "same": [3], "env.level": ["b"]}]
    assert differing_values(rows) == {"env.level": ["a", "b"], "lr": [1, 2]}


def test_missing_settings_and_truth_values_are_differences() -> None:
    assert differing_values([{"a": [1]}, {"a": [True]}]) == {"a": [1, True]}
    assert differing_values([{"a": [1]}, {}]) == {"a": [1, None]}
    assert differing_values([{"a": [1.0]}, {"a": [1]}]) == {}
    assert differing_values([{"a": ["{}"]}, {"a": ["[]"]}]) == {"a": ["{}", "[]"]}


def test_workers_of_one_run_may_differ() -> None:
    assert differing_values([{"a": [1, 2]}, {"a": [1]}]) == {"a": [[1, 2], 1]}


def test_one_run_and_none_have_no_differences() -> None:
    assert differing_values([]) == {}
    assert differing_values([{"a": [1]}]) == {}
