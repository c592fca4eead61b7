"""Completion of queries, and the query for the runs of a group."""

from __future__ import annotations

from typing import Any

import pytest

from gym_gui.reading import FIELDS, completions, place_of, query_of_group, term_of
from gym_gui.reading.query import parse_query


def offered(query: str, **words: Any) -> list[str]:
    return completions(place_of(query, len(query)), **words)


def test_names_of_fields_are_offered_with_their_operator() -> None:
    assert offered("en") == ["env:", "ended:", *[name for name in offered("en") if name not in ("env:", "ended:")]]
    assert offered("state:failed ret")[0] == "return>"
    assert "-" not in offered("-sta")[0]
    assert offered("") == []
    assert offered("env:CartPole* ") == []


def test_settings_are_found_by_their_own_name() -> None:
    assert offered("learn", settings=["config.learning_rate"]) == ["config.learning_rate:"]
    assert offered("config.l", settings=["config.learning_rate", "config.gamma"])[0] == "config.learning_rate:"


def test_values_of_a_field_are_offered() -> None:
    assert offered("state:f") == ["failed"]
    assert set(offered("starred:")) == {"yes", "no"}
    assert offered("env:cart", values=["Acrobot-v1", "CartPole-v1"]) == ["CartPole-v1"]
    assert offered("env:Acrobot-v1,Ca", values=["CartPole-v1"]) == ["CartPole-v1"]
    assert offered("nope:x") == []


def test_a_value_with_spaces_is_quoted_so_that_it_can_be_read() -> None:
    (text,) = offered("tag:tw", values=['two "words"'])
    assert [term.field and term.field.name for term in parse_query(f"tag:{text}").terms] == ["tag"]
    assert offered('tag:"two w', values=["two words"]) == ['"two words"']


@pytest.mark.parametrize(
    ("query", "begin", "text", "field"),
    [
        ("", 0, "", ""),
        ("env", 0, "env", ""),
        ("-env", 1, "env", ""),
        ("a env:Ca", 6, "Ca", "env"),
        ("env:A,B", 6, "B", "env"),
        ("return>=4", 8, "4", "return"),
        ('name:"a b', 5, '"a b', "name"),
    ],
)
def test_the_place_of_the_cursor(query: str, begin: int, text: str, field: str) -> None:
    assert place_of(query, len(query)) == (begin, text, field)


def test_what_is_behind_the_cursor_does_not_count() -> None:
    assert place_of("env:Ca state:failed", 6) == (4, "Ca", "env")


def test_only_fields_that_the_runs_know_are_asked() -> None:
    assert place_of("env:", 4).asks_values
    assert place_of("config.gamma:", 13).asks_values
    assert not any(place_of(f"{name}:", len(name) + 1).asks_values for name in ("state", "return", "id", "nope"))


def test_the_query_of_a_group_can_be_read() -> None:
    key = {"env": ["CartPole-v1"], "tag": [], "name": ['a "b" \\ c'], "config.anneal": [True], "seed": [1.0]}
    query = query_of_group("return>4", key)
    assert query.startswith("return>4 ")
    assert "tag:none" in query
    parse_query(query)
    assert term_of("config.anneal", True) == 'config.anneal="yes"'


def test_every_field_can_be_typed_from_its_offer() -> None:
    for name in FIELDS:
        assert any(text.startswith(name) for text in offered(name[:2])), name


def test_a_completed_value_is_followed_by_a_space_and_the_cursor_is_behind_it() -> None:
    query, cursor = "env:Ca state:failed", 6
    assert place_of(query, cursor).completed(query, cursor, "CartPole-v1") == ("env:CartPole-v1 state:failed", 16)
    assert place_of("en", 2).completed("en", 2, "env:") == ("env:", 4)
