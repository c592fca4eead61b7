"""What is asked before runs are deleted, and why some of them stay."""

from __future__ import annotations

from gym_gui.app.closure import Closure, refusals_text
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import RunSummary, WorkerSummary


def run(run_id: str) -> RunSummary:
    workers = [WorkerSummary(worker_id="000001", worker_type="random", steps=1500)]
    return RunSummary(run_id=run_id, run_name=f"run {run_id}", workers=workers, episodes=20, eval_episodes=2)


def test_the_question_counts_what_is_lost() -> None:
    assert Closure([run("a")], size=2048).question == "Delete run a with 22 episodes, 1,500 steps and 2.0 KiB of files?"
    assert Closure([run("a"), run("b")]).question == "Delete these 2 runs with 44 episodes, 3,000 steps?"
    assert [(each.run_id, worker.steps) for each, worker in Closure([run("a")]).rows] == [("a", 1500)]


def test_runs_that_go_on_stay() -> None:
    assert Closure([run("a")]).note == ""
    assert Closure([run("a")], going=2).note == "2 of them have not ended, and stay: cancel them first"


def test_of_many_refusals_the_first_are_named() -> None:
    refused = {f"run-{number:06d}": UsageError("it is pinned") for number in range(5)}
    assert refusals_text(refused, most=2).splitlines() == [
        "…000000: it is pinned",
        "…000001: it is pinned",
        "and 3 more",
    ]
    assert len(refusals_text(refused).splitlines()) == 5
