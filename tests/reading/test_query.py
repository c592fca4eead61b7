"""Queries find the runs that they describe; one that cannot be read says where and what is allowed."""

from __future__ import annotations

import contextlib
import fnmatch
import time
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from run_entries import NOW, entry

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.reading.fields import FIELDS, Entry
from gym_gui.reading.query import MAX_LENGTH, parse_query
from gym_gui.runs.summary import ExitStatus, WorkerSummary


def matches(text: str, run: Entry) -> bool:
    return parse_query(text, NOW).matches(run, NOW)


@pytest.mark.parametrize(
    ("text", "run", "wanted"),
    [
        ("", {}, True),
        ("env:CartPole*", {}, True), ("env:cartpole-v?", {}, True), ("env:CartPole", {}, False),
        ("env=CartPole-v1", {}, True), ("env=cartpole-v1", {}, False), ("env!=CartPole-v1", {}, False),
        ("env!=CartPole-v1", {"env": "Ant-v5"}, True), ("env!=CartPole-v1", {"env": ""}, False),
        ("-env=CartPole-v1", {"env": ""}, True),
        ("env:ALE/Pong-v5", {"env": "ALE/Pong-v5"}, True),
        ("algo:ppo,dqn", {"algo": "dqn"}, True), ("algo:ppo,dqn", {"algo": "sac"}, False),
        ("algorithm:PPO", {}, True),
        ("state:failed", {"state": "failed"}, True), ("-state:failed", {"state": "failed"}, False),
        ("state:FAILED,lost", {"state": "lost"}, True), ("state:c*", {}, True),
        ("return>400", {"mean_return_100": 401.0}, True), ("return>400", {"mean_return_100": 400.0}, False),
        ("return>=400", {"mean_return_100": 400.0}, True), ("return>400", {}, False), ("return<400", {}, False),
        ("return:100..200", {"mean_return_100": 150.0}, True), ("return:100..", {"mean_return_100": 99.0}, False),
        ("return:nan", {"mean_return_100": float("nan")}, True), ("return<0", {"mean_return_100": float("nan")}, False),
        ("return:none", {}, True), ("return:*", {}, False), ("return:*", {"mean_return_100": 0.0}, True),
        ("return>-1e2", {"mean_return_100": -99.0}, True),
        ("steps>=50k steps<1M", {"steps": 50_000}, True), ("steps:50000", {"steps": 50_000}, True),
        ("seed:3", {"seed": 3}, True), ("seed:1,2", {"seed": 3}, False), ("seed:1..3", {"seed": 3}, True),
        ("tag:x", {"tags": ["y", "x"]}, True), ("tag!=x", {"tags": ["y", "x"]}, False),
        ('tag:"two words"', {"tags": ["two words"]}, True), ('name:"a, \\"b\\""', {"run_name": 'a, "b"'}, True),
        ("starred:yes", {"starred": True}, True), ("star:no", {"starred": True}, False),
        ("diverged:yes", {"nan_episodes": 1}, True), ("diverged:yes", {}, False),
        ("created>2h", {}, True), ("created<2h", {}, False), ("age<2h", {}, True), ("age:30min..90min", {}, True),
        ("created:2h..0h", {}, True),
        ("duration>=1h", {"started_at": NOW - 7200, "ended_at": NOW - 3600}, True),
        ("took<1h", {"started_at": NOW - 7200, "ended_at": NOW - 3600}, False),
        ("duration>1h", {"started_at": NOW - 7200}, True),
        ("id:01ARZ", {}, True), ("id:0001", {}, True), ("id:0002", {}, False),
        ("exit:137", {"exit": ExitStatus(code=137)}, True), ("exit<0", {"exit": ExitStatus(signal=9)}, True),
        ("submitter:ada", {}, True), ("progress>=50", {"steps": 5, "target_steps": 10}, True),
        ("config.learning_rate<1e-3", {"settings": {"learning_rate": [2.5e-4]}}, True),
        ("config.learning_rate<1e-3", {}, False),
        ("config.learning_rate:1e-4..1e-3", {"settings": {"learning_rate": [2.5e-4]}}, True),
        ("config.env_kwargs.level:hard", {"settings": {"env_kwargs.level": ["Hard"]}}, True),
        ("config.cuda:true", {"settings": {"cuda": [True]}}, True),
        ("config.cuda:1", {"settings": {"cuda": [True]}}, False),
        ("config.gamma:0.99", {"settings": {"gamma": [0.9, 0.99]}}, True),
        ("config.x:none", {"settings": {"x": [None]}}, True),
        ("cart", {}, True), ("RUN", {}, True), ('"run 1"', {}, True), ("-cart", {}, False), ("10:30", {}, False),
        ("cartpole   ppo", {}, True), ("cartpole sac", {}, False),
    ],
)  # fmt: skip
def test_what_matches(text: str, run: dict[str, Any], wanted: bool) -> None:
    assert matches(text, entry(**run)) is wanted


def test_days_and_times_are_those_of_this_place() -> None:
    run = entry(created_at=time.mktime((2026, 3, 1, 12, 30, 0, 0, 0, -1)))
    for text in ("created:2026-03-01", "created>2026-02-28", "created<=2026-03-01", "created:2026-03-01T12:30",
                 "created:2026-02-01..2026-03-01", "created>2026-03-01T12:29"):  # fmt: skip
        assert matches(text, run), text
    for text in ("created>2026-03-01", "created<2026-03-01", "created:2026-03-02", "created<2026-03-01T12:30"):
        assert not matches(text, run), text


def test_several_workers_match_by_any_of_them() -> None:
    run = entry(run_name="x")
    run.run.workers.append(WorkerSummary(worker_id="v", worker_type="sb3", algorithm="sac", env_id="Ant-v5"))
    assert matches("algo:sac env:CartPole*", run)
    assert not matches("algo!=sac", run)


def problem_of(text: str) -> Problem:
    with pytest.raises(ConfigError) as caught:
        parse_query(text)
    assert "query" in caught.value.what
    assert caught.value.next_step
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "position", "fragment", "near"),
    [
        ("retrun>4", 1, "'retrun'", "return"), ("cart  envv:x", 7, "'envv'", "env"), ("foo:bar", 1, "'foo'", None),
        ("state:faild", 1, "'faild'", "failed"), ("return>x", 1, "not a number", None),
        ("created>yesterday", 1, "not a time", None), ("duration>5", 1, "not a duration", None),
        ("env>Ant", 1, "text", None), ("starred:maybe", 1, "neither yes nor no", None),
        ("starred>yes", 1, "yes or no", None),
        ("seed:", 1, "no value", None), ("seed=1,2", 1, "several values", None), ('name:"x', 6, "quotation mark", None),
        ("steps:1..2..3", 1, "not a number", None), ("steps:..", 1, "not a number", None), ("-", 1, "empty", None),
        ("config.x>abc", 1, "not a number", None),
    ],
)  # fmt: skip
def test_what_cannot_be_read(text: str, position: int, fragment: str, near: str | None) -> None:
    problem = problem_of(text)
    assert problem.message.startswith(f"at character {position}, ")
    assert fragment in problem.message
    assert problem.allowed
    assert problem.nearest == near


def test_all_problems_are_named_at_once() -> None:
    with pytest.raises(ConfigError) as caught:
        parse_query("retrun>4 state:x env>3")
    assert len(caught.value.problems) == 3


def test_a_query_has_a_length() -> None:
    assert f"{MAX_LENGTH + 1:,}" in problem_of("x" * (MAX_LENGTH + 1)).message


def test_only_terms_about_run_json_need_it() -> None:
    assert not parse_query("env:x return>4 cart").needs_facts
    assert parse_query("env:x config.lr>4").needs_facts
    assert parse_query("age<2h").changing
    assert not parse_query("created>2026-01-01").changing


@given(st.text(max_size=60))
def test_any_text_is_a_query_or_an_error_with_a_problem(text: str) -> None:
    try:
        found = matches(text, entry(run_name=text))
    except ConfigError as error:
        found = bool(error.problems)
    assert isinstance(found, bool)


_PIECES = st.sampled_from(
    [
        *FIELDS,
        "config.x",
        ":",
        "=",
        "!=",
        "<",
        ">=",
        "..",
        "*",
        "none",
        "1",
        "2h",
        "-",
        " ",
        '"',
        ",",
        "\\",
        "nan",
        "yes",
    ]
)


@given(st.lists(_PIECES, max_size=12).map("".join))
def test_pieces_of_queries_never_break_the_parser(text: str) -> None:
    with contextlib.suppress(ConfigError):
        parse_query(text, NOW).matches(entry(settings={"x": [1, "a", True, None]}), NOW)


@given(st.text(min_size=1, max_size=20), st.sampled_from(["name", "tag", "group"]))
def test_quoted_text_is_found_exactly(text: str, field: str) -> None:
    quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    run = entry(**({"tags": [text]} if field == "tag" else {"run_name" if field == "name" else field: text}))
    assert matches(f"{field}={quoted}", run)


def test_wildcards_take_no_time_however_many_there_are() -> None:
    long = "a" * 2000
    assert not parse_query(f"name:{'*a' * 300}*b").matches(entry(run_name=long))
    assert parse_query(f"name:{'*a' * 300}*").matches(entry(run_name=long))
    assert not parse_query(f"name:{'?*' * 300}b").matches(entry(run_name=long))


@given(st.text("ab*?", max_size=8), st.text("ab", max_size=8))
def test_wildcards_match_as_those_of_a_shell(pattern: str, name: str) -> None:
    assume(pattern not in ("", "*") and name)
    expected = fnmatch.fnmatchcase(name, pattern)
    assert parse_query(f"name:{pattern}").matches(entry(run_name=name)) is expected
