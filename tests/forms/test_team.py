"""Several workers of one run, each with its own id and seed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from real_workers import record_of

from gym_gui.core.worker.errors import ConfigError
from gym_gui.forms import (
    command_line,
    from_run_config,
    make_form,
    problems,
    to_run_configs,
    values_of_run,
    worker_entries,
)
from gym_gui.runs import validate_train_run_config

FORM = make_form(record_of("spade_bdi"))


def workers_of(values: dict[str, Any]) -> list[tuple[str, int | None]]:
    """Return ids and seeds of the workers that values make."""
    (config,) = to_run_configs(FORM, values)
    return [(each.worker_id, each.seed) for each in validate_train_run_config(config).workers]


def test_fields_that_hold_their_default_are_no_problem() -> None:
    assert problems(FORM, {"worker_ids": [], "worker_seeds": None, "worker_id": None, "seeds": None}) == []
    assert problems(FORM, {"worker_ids": "a,b", "worker_seeds": "1-2", "worker_id": None, "seeds": None}) == []


def test_each_worker_has_its_id_and_its_seed() -> None:
    values = {"worker_ids": "north, south, east, west", "worker_seeds": "1-3,9", "config.learning_rate": "0.2"}
    assert problems(FORM, values) == []
    assert workers_of(values) == [("north", 1), ("south", 2), ("east", 3), ("west", 9)]
    (config,) = to_run_configs(FORM, values)
    assert all(worker["config"]["learning_rate"] == 0.2 for worker in config["metadata"]["workers"])


def test_without_seeds_the_first_has_the_seed_of_the_run() -> None:
    assert workers_of({"worker_ids": ["a", "b"], "seeds": "7"}) == [("a", 7), ("b", None)]


def test_several_seeds_are_several_runs_of_these_workers() -> None:
    configs = to_run_configs(FORM, {"worker_ids": ["a", "b"], "seeds": "1-3"})
    assert [config["metadata"]["workers"][0]["config"]["seed"] for config in configs] == [1, 2, 3]


def test_a_single_id_is_that_of_the_only_worker() -> None:
    (config,) = to_run_configs(FORM, {"worker_ids": "alone"})
    assert config["metadata"]["worker"]["config"] == {"worker_id": "alone"}


@pytest.mark.parametrize(
    ("values", "field", "message"),
    [
        ({"worker_ids": "a, a"}, "worker_ids", "twice"),
        ({"worker_ids": "a b"}, "worker_ids", "cannot name a worker"),
        ({"worker_ids": [str(n) for n in range(2000)]}, "worker_ids", "2000 ids"),
        ({"worker_ids": "a, b", "worker_seeds": "1-3"}, "worker_seeds", "3 seeds"),
        ({"worker_seeds": "1-3"}, "worker_seeds", "3 seeds"),
        ({"worker_ids": "a", "worker_seeds": "x"}, "worker_seeds", "0 seeds"),
        ({"worker_ids": "a, b", "worker_seeds": "1-2", "seeds": "3"}, "seeds", "together"),
        ({"worker_ids": "a, b", "replicas": "2"}, "replicas", "together"),
        ({"worker_ids": "a, b", "worker_id": "c"}, "worker_id", "together"),
    ],
)
def test_what_is_wrong_with_them(values: dict[str, Any], field: str, message: str) -> None:
    (problem,) = problems(FORM, values)
    assert problem.field == field
    assert message in problem.message


IDS = st.lists(st.from_regex("[a-z]{1,6}", fullmatch=True), min_size=2, max_size=5, unique=True)


@given(ids=IDS, own=st.booleans(), seed=st.none() | st.integers(0, 99))
def test_a_run_of_them_fills_the_form_again(ids: list[str], own: bool, seed: int | None) -> None:
    values: dict[str, Any] = {"worker_ids": ids, "run_name": "four"}
    if own:
        values["worker_seeds"] = ",".join(str(100 + n) for n in range(len(ids)))
    elif seed is not None:
        values["seeds"] = seed
    (config,) = to_run_configs(FORM, values)
    assert from_run_config(FORM, config) == values
    assert values_of_run(FORM, validate_train_run_config(config).payload) == values


def test_workers_that_differ_in_more_have_no_form() -> None:
    part = {"worker_id": "spade_bdi", "config": {"env_id": "FrozenLake-v1"}}
    entries = worker_entries(part, ["a", "b"])["workers"]
    for other in ({"gamma": 0.5}, {"worker_id": None}):
        changed = [entries[0], {**entries[1], "config": {**entries[1]["config"], **other}}]
        with pytest.raises(ConfigError, match="does not fit the form"):
            from_run_config(FORM, {"run_name": "x", "metadata": {"workers": changed}})


def test_the_command_names_the_workers() -> None:
    assert command_line(FORM, {"worker_ids": ["a", "b"]}).text == "mosaic train spade_bdi --worker-id a --worker-id b"
    line = command_line(FORM, {"worker_ids": ["a", "b"], "worker_seeds": "4,5"})
    assert line.left_out == ["metadata.workers"]
