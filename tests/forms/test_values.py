"""Which fields apply, and what untouched ones stand for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from real_workers import record_of

from gym_gui.forms import (
    Field,
    as_typed,
    chosen_values,
    default_of,
    defaults,
    make_form,
    read_typed,
    visible,
    written,
)
from gym_gui.forms.numbers import shown, stepped
from gym_gui.workers import WorkerRecord, same_json

SCHEMA: dict[str, Any] = {
    "properties": {
        "algo": {"type": "string", "enum": ["ppo", "dqn"], "default": "ppo"},
        "env_id": {"type": "string", "default": "CartPole-v1"},
        "mode": {"type": "string", "enum": ["train", "resume"], "default": "train"},
        "track": {"type": "boolean", "default": False},
        "project": {"type": "string", "default": "mine", "x-applies": {"track": [True], "mode": ["train"]}},
        "entity": {"type": ["string", "null"], "default": None, "x-applies": {"project": ["ours"]}},
        "tau": {"type": "number", "default": 1.0, "x-applies": {"algo": ["dqn"]}},
        "lr": {
            "type": ["number", "null"],
            "default": None,
            "x-default-by": [
                {"when": {"mode": ["resume"]}, "label": "as in the checkpoint"},
                {"when": {"algo": ["ppo"], "env_id": ["CartPole-v1"]}, "value": 1e-3, "label": "preset"},
                {"when": {"algo": ["ppo"]}, "value": 2.5e-4},
            ],
        },
        "envs": {"type": ["integer", "null"], "default": 2, "x-default-by": {"algo": {"ppo": 4}}},
        "circle": {"type": "boolean", "default": False, "x-applies": {"circle2": [True]}},
        "circle2": {"type": "boolean", "default": False, "x-applies": {"circle": [True]}},
        "lost": {"type": "boolean", "default": False, "x-applies": {"nowhere": [True]}},
    },
    "required": ["needed"],
}
FORM = make_form(WorkerRecord(name="tiny", entry_point="t:f", distribution="t", version="1", python="p", schema=SCHEMA))


def applying(values: dict[str, Any]) -> set[str]:
    return {name.removeprefix("config.") for name in visible(FORM, values) if name.startswith("config.")}


def test_conditions_read_defaults_and_what_is_entered() -> None:
    assert applying({}) >= {"algo", "lr", "envs", "lost"}
    assert not applying({}) & {"project", "entity", "tau"}
    assert "tau" in applying({"config.algo": "dqn"})
    assert "project" in applying({"config.track": True})
    assert "project" in applying({"config.track": "true"})
    assert "project" not in applying({"config.track": True, "config.mode": "resume"})


def test_what_depends_on_a_hidden_field_sees_its_default() -> None:
    assert "entity" in applying({"config.track": True, "config.project": "ours"})
    assert "entity" not in applying({"config.track": False, "config.project": "ours"})


def test_fields_that_depend_on_each_other_are_answered() -> None:
    assert "circle" not in applying({})
    assert applying({"config.circle": True, "config.circle2": True}) >= {"circle", "circle2"}


@pytest.mark.parametrize(
    ("values", "text", "value"),
    [
        ({}, "preset: 0.001", 1e-3),
        ({"config.lr": None}, "preset: 0.001", 1e-3),
        ({"config.env_id": "mine:CartPole-v1"}, "preset: 0.001", 1e-3),
        ({"config.env_id": "Acrobot-v1"}, "default: 2.5e-4", 2.5e-4),
        ({"config.algo": "dqn"}, "null", None),
    ],
)
def test_what_null_stands_for(values: dict[str, Any], text: str, value: Any) -> None:
    found = default_of(FORM, "config.lr", values)
    assert (found.text, found.value, found.known) == (text, value, True)


def test_a_default_whose_value_is_unknown_says_where_it_comes_from() -> None:
    found = default_of(FORM, "config.lr", {"config.mode": "resume"})
    assert (found.text, found.known) == ("as in the checkpoint", False)


def test_null_and_untouched_may_differ() -> None:
    assert default_of(FORM, "config.envs", {}).text == "default: 2"
    assert default_of(FORM, "config.envs", {"config.envs": None}).text == "default: 4"


@pytest.mark.parametrize("values", [{}, {"config.algo": "dqn"}, {"config.lr": None}, {"config.mode": "resume"}])
def test_the_defaults_of_all_fields_are_those_of_each(values: dict[str, Any]) -> None:
    assert defaults(FORM, values) == {name: default_of(FORM, name, values) for name in visible(FORM, values)}


def test_the_name_of_a_run_is_made_of_what_is_entered() -> None:
    assert default_of(FORM, "run_name", {"config.algo": "dqn"}).text == "default: tiny dqn"
    assert default_of(FORM, "gpus", {}).text == "none"
    assert default_of(FORM, "limits.wall_time_s", {}).text == "no limit"
    with pytest.raises(KeyError):
        default_of(FORM, "config.nothing", {})


def test_what_an_untouched_run_gets_is_said_in_words() -> None:
    form = make_form(record_of("cleanrl"))
    said = {name: default_of(form, name, {}).text for name in ("seeds", "gpus", "module", "tags", "worker_id")}
    assert said == {
        "seeds": "drawn",
        "gpus": "one, if one is free",
        "module": "default: cleanrl_worker.cli",
        "tags": "default: empty",
        "worker_id": "000001",
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.5e-4, "2.5e-4"), (1e-3, "0.001"), (0.5, "0.5"), (3.0, "3"), (1e6, "1e6"), (-1e-7, "-1e-7"), (0.0, "0"),
        (1_000_000, "1000000"), ([64, 64], "64, 64"), ([], "empty"), ({}, "empty"), (True, "true"), (None, "null"),
        ("", "empty"), ("a", "a"), ({"a": 1}, '{"a": 1}'), ([[1]], "[[1]]"),
    ],
)  # fmt: skip
def test_values_are_short(value: Any, text: str) -> None:
    assert shown(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_shown_number_is_that_number(value: float) -> None:
    assert float(shown(value)) == value


SCHEMAS = [
    {"type": "string"}, {"type": ["string", "null"]}, {"type": ["number", "string", "null"]}, {"type": "integer"},
    {"type": ["number", "null"]}, {"type": "boolean"}, {"type": "array", "items": {"type": "string"}}, {},
    {"type": ["object", "null"]}, {"enum": ["1", 1, None]}, {"type": "array", "items": {"enum": ["a", "b"]}},
]  # fmt: skip


@given(
    st.text(max_size=8) | st.sampled_from(["null", "1e5", "true", "[1", '"a"', "1", "a, b"]),
    st.sampled_from(SCHEMAS),
)
def test_text_is_never_dropped_and_null_never_made_of_other_text(text: str, schema: dict[str, Any]) -> None:
    form = make_form(
        WorkerRecord(
            name="t", entry_point="t:f", distribution="t", version="1", python="p", schema={"properties": {"x": schema}}
        )
    )
    field: Field = form.by_name()["config.x"]
    read = read_typed(field, text)
    if read is None:
        assert text.strip().lower() in ("null", "none")
    if not text.strip():
        assert read in (text, text.strip())
    assert same_json(read_typed(field, as_typed(field, text)), text)


@pytest.mark.parametrize(
    ("text", "up", "found"),
    [
        ("", True, "5"), ("7", False, "6"), ("1", False, "1"), ("8", True, "8"), ("x", True, "x"), ("1e0", True, "2"),
        ("nan", True, "nan"),
    ],
)  # fmt: skip
def test_arrow_keys_step_within_the_bounds(text: str, up: bool, found: str) -> None:
    field = Field(name="n", path=[], label="N", kind="integer", default=4, minimum=1, maximum=8, step=1)
    assert stepped(field, text, up=up) == found


@pytest.mark.parametrize(
    ("value", "text"),
    [(UNSET, ""), (None, ""), ("a b", "a b"), (3, "3"), ([1, "a"], '[1, "a"]'), ({"a": 1}, '{"a": 1}'), (True, "true")],
)
def test_a_value_is_written_as_it_is_entered(value: Any, text: str) -> None:
    assert written(value) == text


def test_a_field_of_several_choices_has_those_of_its_default_until_it_is_touched() -> None:
    field = make_form(record_of("random")).by_name()["tags"]
    without = msgspec.structs.replace(field, default=None)
    assert chosen_values(msgspec.structs.replace(field, default=["a"]), UNSET, []) == ["a"]
    assert chosen_values(without, UNSET, ["b"]) == ["b"]
    assert chosen_values(without, None, ["b"]) == ["b"]
    assert chosen_values(without, ["c"], ["b"]) == ["c"]
    assert chosen_values(without, "c", ["b"]) == ["c"]
