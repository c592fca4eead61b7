"""Runs are found by queries and by what users wrote about them, with the command."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def runs(mosaic: Any) -> list[str]:
    """Three runs of two environments, the first two of one variant."""
    train = ("train", "random", "--steps", "60", "--json")
    first = mosaic(*train, "--env", "CartPole-v1", "--seeds", "1,2", "--tag", "draft").runs
    other = mosaic(*train, "--env", "Acrobot-v1", "--seed", "1", "--name", "the other").runs
    return [run["run_id"] for run in [*first, *other]]


def test_queries_sorting_columns_and_groups(mosaic: Any, runs: list[str]) -> None:
    def found(*options: str) -> list[str]:
        return [run["run_id"] for run in mosaic("runs", "list", *options, "--json").runs]

    assert found("-q", "env:cartpole*") == runs[1::-1]
    assert found("-q", "env:cartpole*", "--sort", "seed") == runs[:2]
    assert found("--sort=metric.none,seed") == [runs[2], runs[0], runs[1]]
    assert found("-q", "-tag:draft") == runs[2:]
    assert found("-q", "config.total_steps=60", "--tag", "draft", "--limit", "1") == [runs[1]]
    columns = mosaic("runs", "list", "--column", "config.env_id", "--column", "exit", "--json")
    assert columns.runs[0]["values"] == {"config.env_id": ["Acrobot-v1"], "exit": [0.0]}
    groups = mosaic("runs", "list", "--group-by", "variant", "--json").json
    assert [group["run_ids"] for group in groups["groups"]] == [runs[2:], runs[1::-1]]
    assert (groups["total"], groups["groups_total"], groups["cursor"]) == (3, 2, "")
    table = mosaic("runs", "list", "--group-by", "env", "--sort=-return", "--limit", "1")
    assert "CartPole-v1" in table.stdout
    assert "2 completed" in table.stdout
    assert "the first 1 of 2 groups" in table.stderr
    assert "the other" in mosaic("runs", "list", "--column", "seed", "-n", "1").stdout
    assert "no runs" in mosaic("runs", "list", "-q", "env:Ant*").stderr


def test_a_query_that_cannot_be_read_says_where(mosaic: Any) -> None:
    ended = mosaic("runs", "list", "-q", "env:x retrun>4")
    assert ended.code == 2
    assert "at character 7, there is no field 'retrun'" in ended.stderr
    assert "did you mean 'return'?" in ended.stderr
    assert mosaic("runs", "list", "--sort", "x").code == 2


def test_tags_names_notes_and_stars(mosaic: Any, runs: list[str]) -> None:
    assert mosaic("runs", "tag", "--tag", "draft", "--add", "new", "--remove", "draft").code == 0
    assert mosaic("runs", "star", runs[0]).stdout == f"{runs[0]} has a star\n"
    assert mosaic("runs", "note", runs[0], "why not").code == 0
    assert mosaic("runs", "rename", runs[0], "the best").code == 0
    shown = mosaic("runs", "show", "the best", "--json").json
    assert (shown["run_name"], shown["tags"], shown["notes"], shown["starred"]) == (
        "the best",
        ["new"],
        "why not",
        True,
    )
    assert "why not" in mosaic("runs", "show", "the best").stdout
    found = mosaic("runs", "list", "-q", "starred:yes tag:new notes:why*", "--json").runs
    assert [run["run_id"] for run in found] == [runs[0]]
    assert mosaic("runs", "star", runs[0], "--remove").code == 0
    assert mosaic("runs", "rename", runs[0], "").code == 0
    assert mosaic("runs", "list", "-q", "starred:yes", "--json").runs == []
    refused = mosaic("runs", "tag", runs[0], "--add", "x" * 101)
    assert refused.code == 2
    assert "at most 100" in refused.stderr
    assert mosaic("runs", "tag", runs[0]).code == 2
    assert mosaic("runs", "star").code == 2
