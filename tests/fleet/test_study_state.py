"""How far a study is: states, weighted progress; and names of files that lead nowhere else."""

from __future__ import annotations

import csv
import io
import json
import ntpath
import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.fleet import (
    Assignment,
    AssignmentRun,
    ResultRow,
    Study,
    StudyResults,
    StudyRun,
    StudySpec,
    results_csv,
    results_json,
    safe_path,
    state_of_study,
)
from gym_gui.runs import RunState, RunSummary


def study(*weights: float, **run: object) -> Study:
    made = [
        Assignment(index=n, split={"metadata.worker.config.lr": n}, run_config={}, weight=weight,
                   runs=[StudyRun(run_id=f"R{n}", created_at=1.0, **run)])  # type: ignore[arg-type]
        for n, weight in enumerate(weights)
    ]  # fmt: skip
    return Study(study_id="S", spec=StudySpec(name="s"), created_at=1.0, assignments=made)


@given(st.lists(st.tuples(st.sampled_from(RunState), st.integers(0, 200), st.floats(0.1, 10)), min_size=1, max_size=6))
def test_progress_is_weighted_and_only_completed_runs_are_done(runs: list[tuple[RunState, int, float]]) -> None:
    summaries = {
        f"R{n}": RunSummary(run_id=f"R{n}", state=state, steps=steps, target_steps=100)
        for n, (state, steps, _) in enumerate(runs)
    }
    state = state_of_study(study(*(weight for _, _, weight in runs)), summaries)
    assert sum(state.counts.values()) == state.total == len(runs)
    assert 0 <= state.progress <= 1
    completed = [run is RunState.COMPLETED for run, _, _ in runs]
    assert (state.progress >= 1 - 1e-9) == all(completed)
    assert [each.runs[-1].progress == 1 for each in state.assignments] == completed
    done = sum(weight for (run, _, weight) in runs if run is RunState.COMPLETED)
    assert state.progress >= done / sum(weight for _, _, weight in runs) - 1e-9


@pytest.mark.parametrize(
    ("run", "state"),
    [
        ({}, "pending"),
        ({"error": "refused"}, "failed"),
        ({"cancelled": True}, "cancelled"),
        ({"submitted": True}, "missing"),
    ],
)
def test_an_assignment_without_its_run(run: dict[str, object], state: str) -> None:
    found = state_of_study(study(1.0, **run), {})
    assert found.counts == {state: 1}
    assert found.assignments[0].split == {"lr": 0}
    assert found.submitting == (state == "pending")
    assert state_of_study(study(1.0), {}, whole=False).assignments == []


@given(st.text() | st.text("./\\: CON\x00", max_size=12))
def test_a_files_name_leads_nowhere_else(path: str) -> None:
    name = safe_path(7, path)
    parts = name.split("/")
    assert parts[0] == "0007"
    assert not {"", ".", ".."} & set(parts)
    assert posixpath.normpath(name) == name
    assert ntpath.normpath(name).replace("\\", "/") == name
    assert not ntpath.isabs(name)
    assert not set(name) & set('\\<>:"|?*\0\n')


def test_results_are_csv_and_strict_json() -> None:
    run = AssignmentRun(run_id="R", state="failed", cause='a "b",\nc', mean_return=float("nan"))
    rows = [
        ResultRow(index=0, split={"lr": 0.1, "net": [64, 64]}, state="failed", run=run),
        ResultRow(index=1, split={"seed": 3}, state="failed", run=run),
    ]
    results = StudyResults(study_id="S", name="s", rows=rows)
    table = list(csv.DictReader(io.StringIO(results_csv(results))))
    assert [(row["split.lr"], row["split.net"], row["split.seed"]) for row in table] == [
        ("0.1", "[64, 64]", ""), ("", "", "3"),
    ]  # fmt: skip
    assert table[0]["cause"] == 'a "b",\nc'
    found = json.loads(results_json(results), parse_constant=pytest.fail)
    assert found["rows"][0]["run"]["mean_return"] == "nan"
