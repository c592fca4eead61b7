"""One config becomes several: every combination once, nothing lost, nothing repeated."""

from __future__ import annotations

import copy
import itertools
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.fleet import MAX_ASSIGNMENTS, Split, format_split, parse_split, split_config
from gym_gui.fleet.splitting import deal, factors, replaced, value_at

NAMES = st.text("abcdefgh_", min_size=1, max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
VALUES = st.lists(st.integers(0, 99), min_size=1, max_size=4, unique=True)
GOLIAT = {
    "extends": "base_config.json",
    "study_type": "far_field",
    "phantoms": ["duke", "ella", "thelonious", "eartha"],
    "frequencies_mhz": [450, 700, 835, 1450, 2140, 2450],
    "antenna_config": {"700": {"model": "PIFA"}, "835": {"model": "IFA"}},
    "solver_settings": {"kernel": "CUDA"},
}


def texts(values: list[Any]) -> list[str]:
    return [json.dumps(value, sort_keys=True) for value in values]


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_every_combination_is_made_once(lists: dict[str, list[int]]) -> None:
    base = {**dict.fromkeys(lists, -1), "other": {"kept": True}}
    parts = split_config(base, [Split(key=key, values=values) for key, values in lists.items()])
    assert len(parts) == math.prod(map(len, lists.values()))
    assert [tuple(part.split.values()) for part in parts] == list(itertools.product(*lists.values()))
    for part in parts:
        assert part.config == {**base, **part.split}
        assert list(part.config) == list(base)


@given(st.integers(1, 8), st.dictionaries(NAMES, st.none(), min_size=1, max_size=3))
def test_paired_lists_go_together(length: int, keys: dict[str, None]) -> None:
    splits = [Split(key=key, values=[[number, place] for place in range(length)]) for number, key in enumerate(keys)]
    parts = split_config(dict.fromkeys(keys, 0), splits, paired=True)
    assert [[value[1] for value in part.split.values()] for part in parts] == [[i] * len(keys) for i in range(length)]


@given(st.lists(st.integers(), min_size=1, max_size=30), st.data())
def test_dealing_loses_and_repeats_nothing(items: list[int], data: st.DataObject) -> None:
    parts = data.draw(st.integers(1, len(items)))
    hands = deal(items, parts)
    assert len(hands) == parts
    assert all(hands)
    assert sorted(itertools.chain(*hands)) == sorted(items)
    assert max(map(len, hands)) - min(map(len, hands)) <= 1


@given(st.integers(1, 5), st.integers(1, 5), st.data())
def test_dealt_fields_have_every_combination_once(first: int, second: int, data: st.DataObject) -> None:
    possible = [number for number in range(1, first * second + 1) if factors([first, second], number)]
    parts = data.draw(st.sampled_from(possible))
    base = {"phantoms": [f"p{n}" for n in range(first)], "mhz": list(range(second)), "rest": 1}
    made = split_config(base, [Split(key="phantoms"), Split(key="mhz")], num_splits=parts)
    assert len(made) == parts
    found = [pair for part in made for pair in itertools.product(part.config["phantoms"], part.config["mhz"])]
    assert sorted(found) == sorted(itertools.product(base["phantoms"], base["mhz"]))


def test_a_study_of_phantoms_is_dealt_and_keeps_its_order_of_keys() -> None:
    before = copy.deepcopy(GOLIAT)
    parts = split_config(GOLIAT, [Split(key="phantoms"), Split(key="frequencies_mhz")], num_splits=8)
    assert before == GOLIAT
    assert {(len(part.config["phantoms"]), len(part.config["frequencies_mhz"])) for part in parts} <= {
        (1, 3),
        (2, 2),
        (2, 1),
    }
    assert all(list(part.config) == list(GOLIAT) for part in parts)


def test_an_object_is_dealt_by_its_keys() -> None:
    parts = split_config(GOLIAT, [Split(key="antenna_config")], num_splits=2)
    assert [list(part.config["antenna_config"]) for part in parts] == [["700"], ["835"]]


@given(NAMES, st.none() | st.lists(JSON, min_size=1, max_size=4))
def test_a_split_is_read_as_it_is_written(key: str, values: list[Any] | None) -> None:
    split = Split(key=key, values=values)
    back = parse_split(format_split(split))
    assert back.key == key
    assert (back.values is None) == (values is None)
    assert texts(back.values or []) == texts(values or [])


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("lr=1e-3,3e-4", [1e-3, 3e-4]),
        ("env_id=CartPole-v1,Acrobot-v1", ["CartPole-v1", "Acrobot-v1"]),
        ("net=[64,64],[128]", [[64, 64], [128]]),
        ('name="a,b",c', ["a,b", "c"]),
        ('o={"a":[1,2]},{}', [{"a": [1, 2]}, {}]),
        ("flag=true,false,null", [True, False, None]),
        ("x=NaN", ["NaN"]),
        ("path=a=b", ["a=b"]),
    ],
)
def test_values_are_json_else_text(text: str, values: list[Any]) -> None:
    assert texts(parse_split(text).values or []) == texts(values)


@pytest.mark.parametrize("text", ["", "=1", "a=", "a=1,,2", "a=1,"])
def test_a_split_without_key_or_value_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_split(text)


@given(st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(), max_size=2), max_size=3), NAMES, NAMES, JSON)
def test_a_value_is_found_where_it_was_put(config: dict[str, Any], outer: str, inner: str, value: Any) -> None:
    changed = replaced(config, f"{outer}.{inner}", value)
    assert texts([value_at(changed, f"{outer}.{inner}")]) == texts([value])
    assert {key: item for key, item in changed.items() if key != outer} == {
        key: item for key, item in config.items() if key != outer
    }


def test_lists_are_entered_by_position_and_names_may_have_dots() -> None:
    config = {"workers": [{"lr": 1}, {"lr": 2}], "a.b": {"c": 3}}
    assert replaced(config, "workers[1].lr", 9)["workers"] == [{"lr": 1}, {"lr": 9}]
    assert replaced(config, "workers.0.lr", 9)["workers"] == [{"lr": 9}, {"lr": 2}]
    assert replaced(config, "a.b.c", 9)["a.b"] == {"c": 9}


@pytest.mark.parametrize(
    ("splits", "more", "said"),
    [
        ([Split(key="phantom", values=["duke"])], {}, "did you mean 'phantoms'?"),
        ([Split(key="solver_settings.kernal", values=[1])], {}, "did you mean 'solver_settings.kernel'?"),
        ([Split(key="study_type.x", values=[1])], {}, "study_type.x"),
        ([Split(key="+study_type.x", values=[1])], {}, "not an object"),
        ([Split(key="phantoms", values=[1, 1])], {}, "twice"),
        ([Split(key="phantoms", values=[1]), Split(key="phantoms", values=[2])], {}, "split twice"),
        ([Split(key="phantoms", values=[1]), Split(key="extends", values=[1, 2])], {"paired": True}, "one length"),
        ([Split(key="phantoms")], {}, "--num-splits"),
        ([Split(key="study_type")], {"num_splits": 2}, "not a list"),
        ([Split(key="phantoms")], {"num_splits": 5}, "allowed: 1, 2, 3, 4"),
        ([Split(key="phantoms")], {"num_splits": 0}, "cannot be dealt"),
        ([Split(key="phantoms"), Split(key="frequencies_mhz")], {"num_splits": 7}, "(4) and frequencies_mhz (6)"),
        ([Split(key="phantoms", values=[1])], {"num_splits": 2}, "nothing to deal"),
        ([Split(key="phantoms", values=list(range(MAX_ASSIGNMENTS + 1)))], {}, "at most 1,000"),
        ([Split(key="a..b", values=[1])], {}, "not a key"),
    ],
)  # fmt: skip
def test_what_cannot_be_split_is_refused_with_the_reason(splits: list[Split], more: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        split_config(GOLIAT, splits, **more)
    assert said in str(raised.value)


def test_a_key_with_a_plus_is_added() -> None:
    (part,) = split_config(GOLIAT, [Split(key="+solver_settings.threads", values=[4])])
    assert part.config["solver_settings"] == {"kernel": "CUDA", "threads": 4}
    assert part.split == {"solver_settings.threads": 4}
