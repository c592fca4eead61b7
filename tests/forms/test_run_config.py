"""From a form's values to a run config, and back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from form_configs import any_configs
from hypothesis import given
from hypothesis import strategies as st
from real_workers import NAMES, record_of

from gym_gui.core.worker.errors import ConfigError
from gym_gui.forms import FormSpec, form_from_dict, from_run_config, make_form, problems, to_run_config, to_run_configs
from gym_gui.workers import WorkerRecord


def tiny(schema: dict[str, Any] | None, **more: Any) -> WorkerRecord:
    return WorkerRecord(
        name="tiny", entry_point="tiny:f", distribution="t", version="1", python="p", schema=schema, **more
    )


TINY = make_form(
    tiny(
        {
            "properties": {
                "run_id": {"type": "string"},
                "seed": {"type": ["integer", "null"], "default": None},
                "algo": {"type": "string", "enum": ["ppo", "dqn"], "default": "ppo"},
                "clip": {"type": ["number", "null"], "default": None, "x-applies": {"algo": ["ppo"]}},
                "lr": {"type": "number", "default": 1e-3},
                "steps": {"type": "integer", "minimum": 1, "default": 9},
                "note": {"type": ["string", "null"], "default": None},
                "flag": {"type": "boolean", "default": False},
                "sizes": {"type": "array", "items": {"type": "integer"}, "default": [64]},
                "kwargs": {"type": "object", "default": {}},
                "weight": {"type": ["number", "string", "null"], "default": None},
                "names": {"type": "array", "items": {"type": "string", "enum": ["a", "b"]}, "default": []},
            },
            "required": ["run_id"],
        }
    )
)


def config_of(values: dict[str, Any], form: FormSpec = TINY) -> dict[str, Any]:
    """Return the worker's settings that values make."""
    made: dict[str, Any] = to_run_config(form, values)["metadata"]["worker"].get("config", {})
    return made


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_every_run_config_comes_back_as_it_was(name: str, data: st.DataObject) -> None:
    record = record_of(name)
    form = make_form(record)
    config = data.draw(any_configs(record))
    before = json.dumps(config, sort_keys=True)
    values = from_run_config(form, config)
    assert json.dumps(config, sort_keys=True) == before
    assert to_run_config(form, json.loads(json.dumps(values))) == config


@pytest.mark.parametrize("name", NAMES)
def test_a_form_is_plain_json(name: str) -> None:
    form = make_form(record_of(name), executors=["local", "other"], environments=["CartPole-v1"])
    assert form_from_dict(json.loads(json.dumps(form.to_dict()))) == form


@pytest.mark.parametrize("name", NAMES)
def test_an_untouched_form_is_a_valid_run_of_defaults(name: str) -> None:
    form = make_form(record_of(name))
    assert problems(form, {}) == []
    assert to_run_config(form, {}) == {
        "run_name": name,
        "metadata": {"worker": {"worker_id": name, "module": f"{name}_worker.cli"}},
    }


def test_text_is_read_as_its_field_takes_it() -> None:
    values = {
        "config.lr": "2.5e-4", "config.steps": "1e5", "config.note": "7", "config.flag": "true",
        "config.sizes": "64, 32", "config.kwargs": '{"a": [1]}', "config.weight": "auto", "config.names": ["a"],
    }  # fmt: skip
    assert config_of(values) == {
        "lr": 2.5e-4, "steps": 100_000, "note": "7", "flag": True, "sizes": [64, 32], "kwargs": {"a": [1]},
        "weight": "auto", "names": ["a"],
    }  # fmt: skip
    assert isinstance(config_of(values)["steps"], int)
    assert config_of({"config.weight": "0.5", "config.sizes": "64", "config.names": "b"}) == {
        "weight": 0.5, "sizes": [64], "names": ["b"],
    }  # fmt: skip


def test_null_stays_null_and_empty_text_stays_text() -> None:
    assert config_of({"config.clip": None, "config.note": None}) == {"clip": None, "note": None}
    assert config_of({"config.note": "", "config.lr": "", "config.clip": ""}) == {"note": "", "lr": "", "clip": ""}
    assert config_of({"config.note": "null", "config.lr": "abc"}) == {"note": "null", "lr": "abc"}


def test_a_field_that_does_not_apply_is_not_sent() -> None:
    assert config_of({"config.clip": 0.2, "config.algo": "dqn"}) == {"algo": "dqn"}
    assert config_of({"config.clip": 0.2, "config.algo": "ppo"}) == {"algo": "ppo", "clip": 0.2}


def test_fields_of_an_executor_are_variables_of_its_runs() -> None:
    form = make_form(tiny({"properties": {}}), executors=["local", "ray", "slurm"])
    assert {"environment.RAY_ADDRESS", "environment.SBATCH_PARTITION"} <= set(form.by_name())
    assert not {name for name in make_form(tiny(None)).by_name() if name.startswith("environment.")}
    values = {"environment.RAY_ADDRESS": "10.0.0.1:6379", "environment": {"A": "b"}}
    assert to_run_config(form, values)["environment"] == {"A": "b"}
    config = to_run_config(form, {**values, "executor": "ray"})
    assert config["environment"] == {"A": "b", "RAY_ADDRESS": "10.0.0.1:6379"}
    back = from_run_config(form, config)
    assert back["environment.RAY_ADDRESS"] == "10.0.0.1:6379"
    assert back["environment"] == {"A": "b"}
    assert to_run_config(form, back) == config


def test_what_a_run_has_in_a_field_that_does_not_apply_is_kept_apart() -> None:
    config = {"run_name": "a", "metadata": {"worker": {"worker_id": "tiny", "config": {"algo": "dqn", "clip": 0.2}}}}
    values = from_run_config(TINY, config)
    assert values["rest"] == {"metadata": {"worker": {"config": {"clip": 0.2}}}}
    assert to_run_config(TINY, values) == config
    (problem,) = problems(TINY, {**values, "config.algo": "ppo"})
    assert (problem.field, problem.message) == ("rest", "has a field of its own: Clip")


def test_seeds_are_as_many_runs() -> None:
    configs = to_run_configs(TINY, {"seeds": "3, 5-6", "config.algo": "dqn"})
    assert [config["metadata"]["worker"]["config"]["seed"] for config in configs] == [3, 5, 6]
    assert [config["run_name"] for config in configs] == ["tiny dqn s3", "tiny dqn s5", "tiny dqn s6"]
    assert [config["run_name"] for config in to_run_configs(TINY, {"seeds": "1-2", "run_name": "x"})] == ["x", "x"]
    assert to_run_config(TINY, {"seeds": "3-5"}) == to_run_config(TINY, {"seeds": 3})
    assert "config" not in to_run_config(TINY, {})["metadata"]["worker"]


def test_gpus_are_waited_for() -> None:
    assert to_run_config(TINY, {"gpus": "2"})["resources"] == {"gpus": {"requested": 2, "mandatory": True}}
    assert to_run_config(TINY, {"gpus": 0})["resources"] == {"gpus": {"requested": 0, "mandatory": False}}


def test_a_worker_whose_fields_are_unknown_takes_any_settings() -> None:
    form = make_form(tiny(None))
    values = {"config": '{"a": 1}', "seeds": 4}
    assert config_of(values, form) == {"a": 1, "seed": 4}
    assert problems(form, values) == []
    assert from_run_config(form, to_run_config(form, values))["config"] == {"a": 1}
    assert [problem.field for problem in problems(form, {"config": "{"})] == ["config"]


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"workers": [{"worker_id": "tiny"}]}, "lists workers"),
        ({"worker": {"worker_id": "other"}}, "is 'other'"),
        ({"worker": {}}, "is missing"),
        ({}, "is missing"),
        (3, "is missing"),
    ],
)
def test_a_run_of_another_worker_is_refused(metadata: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        from_run_config(TINY, {"run_name": "a", "metadata": metadata})
