"""Runs are compared by the settings in which they differ."""

from __future__ import annotations

from typing import Any

from gym_gui.reading.details import RunDetails
from gym_gui.reading.differences import differing_settings, differing_values


def details(*settings: dict[str, Any]) -> RunDetails:
    return RunDetails(settings={str(number): each for number, each in enumerate(settings)})


def test_only_what_differs_is_shown() -> None:
    found = differing_settings(
        [
            details({"lr": 1, "same": 3, "env": {"level": "a", "x": 1}}),
            details({"lr": 2, "same": 3, "env": {"level": "b", "x": 1}}),
        ]
    )
    assert found == {"env.level": ["a", "b"], "lr": [1, 2]}


def test_missing_settings_and_truth_values_are_differences() -> None:
    assert differing_settings([details({"a": 1}), details({"a": True})]) == {"a": [1, True]}
    assert differing_settings([details({"a": 1}), details({})]) == {"a": [1, None]}
    assert differing_settings([details({"a": 1.0}), details({"a": 1})]) == {}
    assert differing_settings([details({"a": {}}), details({"a": []})]) == {"a": [{}, []]}


def test_workers_of_one_run_may_differ() -> None:
    assert differing_settings([details({"a": 1}, {"a": 2}), details({"a": 1}, {"a": 1})]) == {"a": [[1, 2], 1]}


def test_one_run_and_none_have_no_differences() -> None:
    assert differing_settings([]) == {}
    assert differing_settings([details({"a": 1})]) == {}


def test_settings_of_a_search_are_compared_likewise() -> None:
    rows = [{"lr": [1], "same": [3], "env.level": ["a"]}, {"lr": [2], "same": [3], "env.level": ["b"]}]
    assert differing_values(rows) == {"env.level": ["a", "b"], "lr": [1, 2]}
    assert differing_values([{"a": [1, 2]}, {"a": [1]}, {}]) == {"a": [[1, 2], 1, None]}
    assert differing_values([]) == {}
