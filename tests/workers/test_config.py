from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import ConfigError
from gym_gui.workers.config import (
    check_worker_config,
    parse_settings,
    read_flags,
    read_value,
    same_json,
    target_steps,
    write_value,
)
from gym_gui.workers.record import WorkerRecord

SCHEMA = {
    "type": "object",
    "properties": {
        "run_id": {"type": "string"},
        "seed": {"type": ["integer", "null"], "default": None},
        "env_id": {"type": "string", "default": "CartPole-v1"},
        "algo": {"type": "string", "enum": ["ppo", "dqn"], "default": "ppo"},
        "total_steps": {"type": "integer", "minimum": 1, "default": 1000},
        "learning_rate": {"type": "number", "exclusiveMinimum": 0, "default": 1e-3},
        "hidden": {"type": "array", "items": {"type": "integer"}, "default": [64]},
        "target_kl": {"type": ["number", "null"], "default": None},
        "env_kwargs": {"type": "object", "default": {}},
        "normalize": {"type": "boolean", "default": False},
        "note": {"type": ["string", "null"], "default": None},
    },
    "required": ["run_id"],
    "additionalProperties": False,
}


def record_of(schema: dict[str, Any] | None) -> WorkerRecord:
    return WorkerRecord(
        name="tiny", entry_point="tiny:f", distribution="tiny", version="1", python="python", schema=schema
    )


TINY = record_of(SCHEMA)
FREE = record_of(None)


def test_five_errors_are_five_errors() -> None:
    config = {"env_id": 3, "algo": "pppo", "total_steps": 0, "lerning_rate": 1, "normalize": 1}
    problems = {problem.path: problem for problem in check_worker_config(TINY, config)}
    assert set(problems) == {f"metadata.worker.config.{name}" for name in config}
    assert problems["metadata.worker.config.lerning_rate"].nearest == "learning_rate"
    assert problems["metadata.worker.config.algo"].nearest == "ppo"
    assert all(problem.allowed for problem in problems.values())


def test_what_mosaic_fills_in_may_be_left_out_or_null() -> None:
    assert check_worker_config(TINY, {}) == []
    assert check_worker_config(TINY, {"run_id": "x", "seed": None, "worker_id": "a"}) == []
    assert check_worker_config(TINY, {"total_steps": 1000.0, "learning_rate": 1, "target_kl": None}) == []


def test_a_required_field(tmp_path: Path) -> None:
    record = record_of({**SCHEMA, "required": ["run_id", "seed", "env_id"]})
    assert [problem.path for problem in check_worker_config(record, {}, "c")] == ["c.env_id"]


def test_a_worker_of_unknown_schema_takes_anything() -> None:
    assert check_worker_config(FREE, {"a": [1, {"b": 2}]}) == []


@pytest.mark.parametrize(
    ("pair", "value"),
    [
        ("total_steps=1000", 1000), ("total_steps=1_000", 1000), ("total_steps=1e3", 1000),
        ("learning_rate=1e-4", 1e-4), ("learning_rate=1", 1), ("hidden=[64,64]", [64, 64]),
        ("target_kl=null", None), ("target_kl=none", None), ("target_kl=0.02", 0.02), ("normalize=True", True),
        ("env_id=7", "7"), ("env_id=a=b", "a=b"), ("env_id=true", "true"), ("note=5", "5"), ("note=null", None),
        ("note=hello world", "hello world"), ("seed=5", 5), ("env_kwargs.gravity=9.8", {"gravity": 9.8}),
        ('env_kwargs={"a": {"b": 1}}', {"a": {"b": 1}}), ("worker_id=actor", "actor"), ("note=nan", "nan"),
    ],
)  # fmt: skip
def test_settings_are_typed_by_the_schema(pair: str, value: Any) -> None:
    name = pair.partition("=")[0].partition(".")[0]
    assert parse_settings([pair], TINY) == {name: value}


def test_every_setting_that_is_wrong_is_told() -> None:
    pairs = ["total_step=5", "nonsense", "algo=ppoo", "total_steps=1.5", "learning_rate=fast", "run_id=x",
             "normalize=yes", "worker_id=No", "learning_rate=inf"]  # fmt: skip
    with pytest.raises(ConfigError) as raised:
        parse_settings(pairs, TINY)
    problems = {problem.path: problem for problem in raised.value.problems}
    assert set(problems) == {
        "total_step",
        "nonsense",
        "algo",
        "total_steps",
        "learning_rate",
        "run_id",
        "normalize",
        "worker_id",
    }
    assert problems["total_step"].nearest == "total_steps"
    assert problems["algo"].nearest == "ppo"


@pytest.mark.parametrize(
    "pairs",
    [
        ["total_steps=1", "total_steps=2"], ["env_kwargs.a=1", "env_kwargs.a=1"],
        ["env_kwargs.a=1", 'env_kwargs={"b": 1}'], ["worker_id=a", "worker_id=b"],
    ],
)  # fmt: skip
def test_a_setting_is_set_once(pairs: list[str]) -> None:
    with pytest.raises(ConfigError, match="is set twice"):
        parse_settings(pairs, TINY)


@pytest.mark.parametrize("text", ["007", "0x10", "True", "None", "nan", "Infinity", "1_000", " 7 8", "+5", "1.", ".5"])
def test_what_is_no_json_is_text_where_the_type_is_not_known(text: str) -> None:
    assert parse_settings([f"env_kwargs.level={text}"], TINY) == {"env_kwargs": {"level": text}}
    assert parse_settings([f"level={text}"], FREE) == {"level": text}


@pytest.mark.parametrize(("text", "value"), [("1e5", 1e5), ("7", 7), ("true", True), ("null", None), ('"7"', "7")])
def test_what_is_json_is_read_as_json(text: str, value: Any) -> None:
    assert parse_settings([f"env_kwargs.level={text}"], TINY) == {"env_kwargs": {"level": value}}


def test_parts_of_a_setting_come_together() -> None:
    assert parse_settings(["env_kwargs.a=1", "env_kwargs.b=2"], TINY) == {"env_kwargs": {"a": 1, "b": 2}}
    with pytest.raises(ConfigError, match="set as a whole"):
        parse_settings(["env_kwargs=5", "env_kwargs.b=2"], TINY)


def test_settings_of_a_worker_of_unknown_schema() -> None:
    assert parse_settings(["a=1", "b.c=x", "d=[1]"], FREE) == {"a": 1, "b.c": "x", "d": [1]}


@given(st.text(), st.sampled_from([TINY, FREE]), st.sampled_from(["{}", "note={}", "hidden={}", "total_steps={}"]))
def test_any_text_is_a_setting_or_refused(text: str, record: WorkerRecord, form: str) -> None:
    with contextlib.suppress(ConfigError):
        parse_settings([form.replace("{}", text)], record)


def test_flags_go_where_the_worker_has_them() -> None:
    flags = {"env_id": ("--env", "A"), "algo": ("--algo", "dqn"), "total_steps": ("--steps", 5)}
    assert read_flags(TINY, env="A", algo="dqn", steps=5) == (flags, [])
    other = record_of({"properties": {"algorithm": {"type": "string"}, "total_timesteps": {"type": "integer"}}})
    flags = {"algorithm": ("--algo", "x"), "total_timesteps": ("--steps", 5)}
    assert read_flags(other, algo="x", steps=5) == (flags, [])
    assert read_flags(TINY) == ({}, [])


def test_flags_that_the_worker_has_no_field_for() -> None:
    _, problems = read_flags(record_of({"properties": {"a": {}}}), env="A", algo="x", steps=5)
    assert [problem.path for problem in problems] == ["--env", "--algo", "--steps"]
    fields, (problem,) = read_flags(FREE, env="A")
    assert fields == {}
    assert "unknown" in problem.message


def test_target_steps() -> None:
    assert target_steps(TINY, {}) == 1000
    assert target_steps(TINY, {"total_steps": 5}) == 5
    assert target_steps(TINY, {"total_steps": 5, "mode": "evaluate"}) is None
    assert target_steps(None, {"total_timesteps": 7}) == 7
    assert target_steps(FREE, {"total_steps": "many"}) is None


def test_target_steps_of_a_curriculum_are_those_of_its_stages() -> None:
    stages = [{"env_id": "A", "total_steps": 20}, {"env_id": "B", "total_steps": 30}]
    assert target_steps(TINY, {"curriculum": stages}) == 50
    assert target_steps(TINY, {"curriculum": stages, "total_steps": 70}) == 70
    assert target_steps(TINY, {"curriculum": ["A", "B"]}) is None
    assert target_steps(TINY, {"curriculum": None}) == 1000


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(JSON, st.sampled_from([{}, *SCHEMA["properties"].values(), {"type": ["number", "string", "null"]}]))
def test_what_is_written_is_read_as_the_same_value(value: Any, part: dict[str, Any]) -> None:
    text = write_value(value, part)
    if text is None:
        assert "string" in part["type"]
        assert not isinstance(value, str)
    else:
        assert same_json(read_value(text, part), value)


def test_text_is_quoted_only_where_it_would_be_read_as_something_else() -> None:
    either: dict[str, Any] = {"type": ["number", "string"]}
    assert write_value("auto", either) == "auto"
    assert write_value("0.5", either) == '"0.5"'
    assert write_value("0.5", {"type": "string"}) == "0.5"
    assert write_value(None, {"type": ["string", "null"]}) == "null"
    assert write_value("null", {"type": ["string", "null"]}) == '"null"'
    assert not same_json(True, 1)
    assert not same_json({"a": [1]}, {"a": [True]})
    assert same_json([1.0], [1])


@pytest.mark.parametrize("text", ["1e999", "-1e400", "9" * 5000])
def test_a_number_that_nothing_can_hold_stays_text_and_is_refused(text: str) -> None:
    assert read_value(text, SCHEMA["properties"]["learning_rate"]) == text
    with pytest.raises(ConfigError, match="learning_rate"):
        parse_settings([f"learning_rate={text}"], TINY)
