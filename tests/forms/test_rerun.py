"""From the recorded config of a run to what starts it again."""

from __future__ import annotations

from typing import Any

import pytest
from form_configs import any_configs
from hypothesis import given
from hypothesis import strategies as st
from real_workers import NAMES, record_of

from gym_gui.core.worker.errors import ConfigError
from gym_gui.forms import make_form, to_run_config, values_of_run, with_checkpoint
from gym_gui.runs.config import read_run_config, validate_train_run_config

RANDOM = make_form(record_of("random"))
LOGIN = {"PATH": "/usr/bin", "HOME": "/home/ada", "DISPLAY": ":0"}


def recorded(values: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return what a run of these values has as its config."""
    payload: dict[str, Any] = validate_train_run_config({**to_run_config(RANDOM, values), **more}).payload
    return payload


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_a_run_is_the_same_once_more(name: str, data: st.DataObject) -> None:
    record = record_of(name)
    form = make_form(record)
    first, problems = read_run_config(data.draw(any_configs(record)), ["local"])
    if first is None:
        assert problems
        return
    again = validate_train_run_config(to_run_config(form, values_of_run(form, first.payload)), ["local"])
    first.payload.pop("base_environment", None)  # here, nothing but variables of login
    assert again.payload == first.payload


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"seeds": 3, "config.env_id": "CartPole-v1", "config.total_steps": 500},
        {"run_name": "mine", "tags": ["a"], "limits.max_attempts": 3, "gpus": 0},
    ],
)
def test_what_was_not_entered_is_left_out(values: dict[str, Any]) -> None:
    assert values_of_run(RANDOM, recorded(values, base_environment=LOGIN)) == values


def test_variables_that_may_affect_training_are_kept() -> None:
    base = {**LOGIN, "MUJOCO_GL": "egl"}
    assert values_of_run(RANDOM, recorded({}, base_environment=base)) == {"rest": {"base_environment": base}}


def test_a_run_of_another_worker_has_no_such_form() -> None:
    config = recorded({})
    config["metadata"]["worker"]["worker_id"] = "cleanrl"
    with pytest.raises(ConfigError, match="random"):
        values_of_run(RANDOM, config)


def test_a_checkpoint_is_evaluated_with_the_settings_of_its_run() -> None:
    form = make_form(record_of("cleanrl"))
    values = {"run_name": "first", "config.gamma": "0.9"}
    found = with_checkpoint(form, values, "evaluate", "/c/1")
    assert found == {"config.gamma": "0.9", "config.mode": "evaluate", "config.checkpoint_path": "/c/1"}
    assert with_checkpoint(form, {}, "resume", None) == {"config.mode": "resume"}
