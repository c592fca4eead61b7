"""What a window's list of runs shows and how it is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.app import (
    LIST_COLUMNS,
    ListLayout,
    ListRow,
    column_groups,
    lines_search,
    list_column,
    list_search,
    read_layout,
    refused_query_text,
    save_layout,
)
from gym_gui.core.worker.errors import ConfigError, Problem, UsageError
from gym_gui.reading import GroupRow
from gym_gui.reading.pages import spread_of
from gym_gui.runs import RunState, RunSummary, WorkerSummary


def run(**words: object) -> RunSummary:
    worker = WorkerSummary(worker_id="1", worker_type="sb3", algorithm="ppo", env_id="CartPole-v1")
    return RunSummary(run_id="R1", run_name="ppo s1", state=RunState.COMPLETED, workers=[worker], **words)  # type: ignore[arg-type]


def group(**key: list[object]) -> GroupRow:
    return GroupRow(
        key=key, run_ids=["R1", "R2"], states={"completed": 2}, returns=spread_of([1.0, 3.0]), best=None,
        steps=spread_of([1000, 3000]), speed=None, newest=run(), far_runs=["R2"],
    )  # fmt: skip


def test_a_layout_is_kept(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    layout = ListLayout(columns=("name", "config.gamma"), widths={"name": 300}, group_by=("env",))
    save_layout(home, layout)
    assert read_layout(home) == layout


@pytest.mark.parametrize("text", ["", "{", "[]", '{"columns": 3}', '{"widths": {"name": "wide"}}', "\x00"])
def test_a_damaged_layout_is_as_at_first(tmp_path: Path, text: str) -> None:
    (tmp_path / "window.json").write_text(text)
    assert read_layout(tmp_path) == ListLayout()
    assert read_layout(tmp_path / "nowhere") == ListLayout()


def test_where_a_layout_cannot_be_written_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    save_layout(tmp_path / "file", ListLayout())


def test_a_line_of_seeds_shows_what_they_have_together() -> None:
    row = ListRow("key", run(), group(variant=["v"]))
    cells = {name: column.cell(row) for name, column in LIST_COLUMNS.items()}
    assert cells["name"] == "ppo"
    assert cells["state"] == "✓ 2 completed"
    assert cells["return"] == "2.0 ± 1.0"
    assert cells["seed"] == "n = 2"
    assert (cells["env"], cells["algo"], cells["steps"]) == ("CartPole-v1", "ppo", "2k")
    assert "1 of them are far off" in LIST_COLUMNS["return"].exact(row)
    assert row.states == {"completed"}
    assert row.run_ids == ["R1", "R2"]


def test_a_line_of_another_group_names_the_values_that_its_runs_have() -> None:
    row = ListRow("key", run(), group(env=["CartPole-v1"]), {"algo": ["ppo", "dqn"], "config.gamma": [0.99]})
    assert LIST_COLUMNS["name"].cell(row) == "env: CartPole-v1"
    assert LIST_COLUMNS["env"].cell(row) == "CartPole-v1"
    assert LIST_COLUMNS["algo"].cell(row) == "ppo, dqn"
    column = list_column("config.gamma")
    assert column is not None
    assert (column.title, column.cell(row)) == ("gamma", "0.99")


def test_metrics_are_columns_that_do_not_sort_and_others_are_none() -> None:
    column = list_column("metric.losses/value")
    assert column is not None
    assert (column.title, column.field, column.number) == ("losses/value", "metric.losses/value", True)
    assert column.cell(ListRow("R1", run(), values={"metric.losses/value": [0.25]})) == "0.25"
    assert list_column("nothing") is None
    assert list_column("metric.") is None
    assert list_column("name") is LIST_COLUMNS["name"]


def test_lines_have_what_their_runs_may_differ_in_unless_they_differ_in_seeds_alone() -> None:
    assert list_search("env:Ca*", ("-created",), 200, ("variant",), ("config.lr",)).columns == ("config.lr",)
    assert set(list_search("", ("-created",), 200, ("env",), ()).columns) == {"env", "algo", "worker", "tag"}
    found = lines_search("state:failed", {"env": ["CartPole-v1"]}, ())
    assert "state:failed" in found.text
    assert "CartPole-v1" in found.text


def test_a_query_that_cannot_be_read_says_what_is_wrong_with_it() -> None:
    refused = ConfigError("the query cannot be read", [Problem("query", "no field 'envv'", allowed="env")])
    assert refused_query_text(refused) == "no field 'envv' (allowed: env)"
    assert refused_query_text(UsageError("the daemon is gone")) == "the daemon is gone"


def test_columns_that_no_run_has_any_more_can_be_hidden() -> None:
    usual, settings, metrics = column_groups(["name", "config.old", "metric.loss"], ["config.lr"], ["metric.loss"])
    assert "name" in usual
    assert (settings, metrics) == (["config.lr", "config.old"], ["metric.loss"])
