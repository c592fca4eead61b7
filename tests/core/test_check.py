from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker import check_config, config_schema
from gym_gui.core.worker.check import check_values, coerce_values, describe


@dataclass
class Inner:
    width: int = field(default=1, metadata={"minimum": 1})


@dataclass
class Config:
    run_id: str
    env_id: str
    seed: int | None = None
    lr: float = field(default=1e-4, metadata={"exclusive_minimum": 0, "maximum": 1})
    steps: int = field(default=1, metadata={"minimum": 1, "exclusive_maximum": 100})
    algo: Literal["ppo", "dqn"] = "ppo"
    device: Literal["cpu", "cuda"] | None = None
    hidden: list[int] = field(default_factory=list)
    flag: bool = False
    extra: dict[str, Any] = field(default_factory=dict)
    inner: Inner = field(default_factory=Inner)
    either: Inner | list[str] = field(default_factory=list)
    free: Any = None


NAMES = tuple(Config.__dataclass_fields__)
GOOD = {"run_id": "r", "env_id": "CartPole-v1"}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"seed": None},
        {"seed": 3, "lr": 1, "steps": 10.0, "hidden": [1, 2.0], "flag": True, "extra": {"a": 1}},
        {"device": None},
        {"device": "cuda"},
        {"inner": {"width": 2}},
        {"either": ["a"]},
        {"either": {"width": 2}},
        {"free": object()},
    ],
)
def test_valid(values: dict[str, Any]) -> None:
    assert check_config(Config, {**GOOD, **values}) == []


@pytest.mark.parametrize(
    ("values", "path", "allowed", "nearest"),
    [
        ({"lerning_rate": 1}, "lerning_rate", ", ".join(NAMES), None),
        ({"env_idd": 1}, "env_idd", ", ".join(NAMES), "env_id"),
        ({"seed": "3"}, "seed", "an integer or null", None),
        ({"seed": True}, "seed", "an integer or null", None),
        ({"seed": 1.5}, "seed", "an integer or null", None),
        ({"lr": 0}, "lr", "a number, at most 1, greater than 0", None),
        ({"lr": 1.1}, "lr", "a number, at most 1, greater than 0", None),
        ({"lr": float("nan")}, "lr", "a number, at most 1, greater than 0", None),
        ({"steps": 0}, "steps", "an integer, at least 1, less than 100", None),
        ({"steps": 100}, "steps", "an integer, at least 1, less than 100", None),
        ({"algo": "ddqn"}, "algo", "one of 'ppo', 'dqn'", "dqn"),
        ({"algo": 3}, "algo", "one of 'ppo', 'dqn'", None),
        ({"hidden": [1, "x"]}, "hidden[1]", "an integer", None),
        ({"flag": 1}, "flag", "true or false", None),
        ({"extra": []}, "extra", "an object", None),
        ({"inner": {"width": 0}}, "inner.width", "an integer, at least 1", None),
        ({"inner": {"widht": 1}}, "inner.widht", "width", "width"),
        ({"either": 3}, "either", "an object or a list, each text", None),
    ],
)
def test_faults(values: dict[str, Any], path: str, allowed: str, nearest: str | None) -> None:
    (problem,) = check_config(Config, {**GOOD, **values}, path="config")
    assert (problem.path, problem.allowed, problem.nearest) == ("config." + path, allowed, nearest)


def test_all_faults_at_once() -> None:
    problems = check_config(Config, {"envid": "x", "lr": -1, "steps": "many", "algo": "pp"})
    assert [problem.path for problem in problems] == ["envid", "run_id", "env_id", "lr", "steps", "algo"]


def test_what_is_no_object() -> None:
    assert [problem.path for problem in check_config(Config, [1])] == ["config"]


def test_numbers_become_what_the_schema_names() -> None:
    values = coerce_values(
        config_schema(Config), {"steps": 1e2, "lr": 1, "hidden": [1.0], "seed": 2.0, "free": 1, "new": 1.0}
    )
    assert repr(values) == repr({"steps": 100, "lr": 1.0, "hidden": [1], "seed": 2, "free": 1, "new": 1.0})


def test_anything_may_be_anything() -> None:
    assert describe({}) == "anything"


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(values=st.dictionaries(st.sampled_from([*Config.__dataclass_fields__, "x"]), _values))
def test_no_values_break_the_check(values: dict[str, Any]) -> None:
    schema = config_schema(Config)
    problems = check_values(schema, values)
    assert all(str(problem) and problem.to_dict()["path"] for problem in problems)
    if not problems:
        assert check_values(schema, coerce_values(schema, values)) == []
