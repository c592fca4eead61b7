"""Runs that are compared: which curves are read again, and what is said of them."""

from __future__ import annotations

from gym_gui.app.comparison import SEEDS, SINGLE_RUNS, Comparison
from gym_gui.reading import CENTRES, SPREADS, Line, RunRow, Statistic
from gym_gui.runs import RunState, RunSummary


def row(run_id: str, state: RunState = RunState.RUNNING, **settings: object) -> RunRow:
    values: dict[str, list[object]] = {
        "id": [run_id],
        **{f"config.{name}": [value] for name, value in settings.items()},
    }
    return RunRow(run=RunSummary(run_id=run_id, state=state, run_name=run_id), values=values)


def line(*returns: float) -> Line:
    return Line(label="", steps=tuple(float(at) for at in range(len(returns))), returns=returns)


def test_the_table_has_a_column_for_each_setting_that_differs_but_the_seed() -> None:
    compared = Comparison()
    compared.rows = [row("a", seed=1, lr=0.1, env_id="CartPole-v1"), row("b", seed=2, lr=0.2, env_id="CartPole-v1")]
    columns, rows = compared.table()
    assert list(compared.settings()) == ["lr"]
    assert [column.text(rows[1]) for column in columns if column.title in ("Name", "lr")] == ["b", "0.2"]


def test_curves_of_runs_that_had_ended_are_read_once() -> None:
    compared = Comparison()
    compared.rows = [row("a", RunState.COMPLETED), row("b")]
    assert compared.unread() == ["a", "b"]
    compared.take_lines({"a": line(1.0), "b": line()}, compared.ended())
    assert compared.unread() == ["b"]
    assert compared.gaps_text("loss") == "1 of 2 runs have no loss yet"
    compared.take_lines({"b": line(2.0)}, ())
    assert compared.gaps_text("loss") == ""
    compared.forget_lines()
    assert not compared.has_lines
    assert compared.unread() == ["a", "b"]


def test_groups_are_computed_of_the_runs_as_they_were_when_it_was_asked_for() -> None:
    compared = Comparison()
    compared.rows = [row("a"), row("b")]
    compared.take_lines({"a": line(1.0, 2.0), "b": line(3.0, 4.0)}, ())
    single = compared.computation(SINGLE_RUNS, Statistic(CENTRES[0], SPREADS[0]), 1, of_runs=True)
    compared.rows = []
    compared.forget_lines()
    assert sorted(group.name for group in single()) == ["a", "b"]
    assert compared.computation(SEEDS, Statistic(CENTRES[0], SPREADS[0]), 1, of_runs=True)() == []
