"""How far an evaluation is: told by its episodes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from rich.console import Console

from gym_gui.app.progress import RunProgress
from gym_gui.cli.progress.live import table_of
from gym_gui.cli.progress.plain import line_of
from gym_gui.runs.plan import RunPlan, WorkerPlan
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary, WorkerSummary


def plan(*configs: dict[str, Any]) -> RunPlan:
    workers = [WorkerPlan(worker_no=1, worker_id="1", worker_type="x", argv=[], config=config) for config in configs]
    return RunPlan(run_id="r", run_name="r", digest="", created_at=0.0, config={}, workers=workers)


@pytest.mark.parametrize(
    ("configs", "target"),
    [
        ([{"mode": "evaluate", "eval_episodes": 20}], 20),
        ([{"mode": "evaluate", "eval_episodes": 20}, {"mode": "evaluate", "eval_episodes": 5}], 25),
        ([{"mode": "train", "eval_episodes": 20}], None),
        ([{"mode": "evaluate"}], None),
        ([{"mode": "evaluate", "eval_episodes": True}], None),
        ([{"mode": "evaluate", "eval_episodes": 20}, {"mode": "train"}], None),
    ],
)
def test_the_target_is_what_the_configs_say(configs: list[dict[str, Any]], target: int | None) -> None:
    assert plan(*configs).target_episodes == target


def test_both_views_show_the_share_of_the_episodes() -> None:
    run = RunProgress("an evaluation")
    run.target_episodes = 20
    worker = WorkerSummary(worker_id="1", worker_type="x", state=RunState.RUNNING, steps=500, eval_episodes=5)
    run.update(RunSummary(run_id="r", state=RunState.RUNNING, steps=500, target_steps=10_000, eval_episodes=5,
                          workers=[worker]), 0.0)  # fmt: skip
    assert run.fraction == 0.25
    assert run.eta_s(1.0) is None
    line = line_of(run, 1.0)
    assert "5/20 episodes (25%)" in line
    assert "10,000" not in line
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(table_of([run], 1.0, 120))
    shown = console.export_text()
    assert "25%" in shown
    assert "5/20" in shown
    assert "10k" not in shown
