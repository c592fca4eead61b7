"""Values of lists as text."""

from __future__ import annotations

import math

from gym_gui.reading import GroupRow, group_name, mean_text, states_text, values_text
from gym_gui.reading.pages import spread_of
from gym_gui.runs import RunSummary


def group(**key: list[object]) -> GroupRow:
    newest = RunSummary(run_id="R", run_name="ppo s2")
    return GroupRow(
        key=key, run_ids=["R"], states={}, returns=None, best=None, steps=None, speed=None, newest=newest
    )  # fmt: skip


def test_values_are_short_and_each_is_named_once() -> None:
    assert values_text("env", ["A", "B", "A"]) == "A, B"
    assert values_text("env", list("ABCDEF")) == "A, B, C, D and 2 more"
    assert values_text("env", []) == "-"
    assert values_text("starred", [True]) == "yes"
    assert values_text("config.learning_rate", [0.00025]) == "0.00025"
    assert values_text("config.total_steps", [50_000.0]) == "50,000"
    assert values_text("duration", [90.0]) == "1 min 30 s"


def test_a_metric_of_several_runs_is_a_mean() -> None:
    assert values_text("metric.loss", [1.0, 3.0, math.nan], together=True) == "2.0 ± 1.0"
    assert values_text("metric.loss", [math.nan]) == "nan"
    assert mean_text(spread_of([2.0])) == "2.0"
    assert mean_text(None) == "-"


def test_states_are_glyph_number_and_word() -> None:
    assert states_text({"failed": 1, "completed": 4}) == "✓ 4 completed, ✕ 1 failed"


def test_groups_are_named_by_what_they_have_in_common() -> None:
    assert group_name(group(variant=["x"])) == "ppo"
    assert group_name(group(env=["CartPole-v1"], **{"config.gamma": []})) == "env: CartPole-v1, gamma: -"
