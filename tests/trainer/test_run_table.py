"""What is kept of the registry in memory is what the registry has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gym_gui.runs.states import RunState
from gym_gui.runs.summary import CurvePoint, RunSummary, WorkerSummary
from gym_gui.trainer.home import DaemonHome
from gym_gui.trainer.registry import Registry
from gym_gui.trainer.registry_reader import Curves
from gym_gui.trainer.run_table import RunTable

_IDS = st.sampled_from("ABCDE")
_STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), _IDS),
        st.tuples(st.just("update"), _IDS),
        st.tuples(st.just("end"), _IDS),
        st.tuples(st.just("annotate"), _IDS),
        st.tuples(st.just("remove"), _IDS),
        st.tuples(st.sampled_from(["read", "keep", "drop", "damage"]), st.just("")),
    ),
    max_size=30,
)


def tables() -> Iterator[tuple[Registry, RunTable]]:
    with TemporaryDirectory() as folder:
        paths = DaemonHome(Path(folder) / "home")
        paths.prepare()
        registry = Registry(paths.registry)
        yield registry, RunTable(paths.path, registry)
        registry.close()


@given(_STEPS)
@settings(max_examples=60, deadline=None)
def test_kept_runs_are_those_of_the_registry(steps: list[tuple[str, str]]) -> None:
    for registry, table in tables():
        table.keep(True)
        for number, (act, run_id) in enumerate(steps, 1):
            run = registry.get(run_id) if run_id else None
            if act == "enter" and run is None:
                registry.add(RunSummary(run_id=run_id, state=RunState.RUNNING))
            elif act in ("keep", "drop"):
                table.keep(act == "keep")
            elif act == "remove":
                registry.remove([run_id])
            elif act == "damage":
                registry.replace("a test")
            elif run is not None and act == "annotate":
                registry.annotate(msgspec.structs.replace(run, starred=not run.starred))
            elif run is not None:
                state = RunState.COMPLETED if act == "end" else run.state
                registry.update([msgspec.structs.replace(run, report=number, steps=number, state=state)])
            if act == "read":
                assert table.runs() == {run.run_id: run for run in registry.list()}
        assert table.runs() == {run.run_id: run for run in registry.list()}


def _curved(run_id: str, *steps: int, **fields: Any) -> RunSummary:
    curve = [CurvePoint(step=step, episodes=1, mean_return=2.0, min_return=2.0, max_return=2.0) for step in steps]
    return RunSummary(
        run_id=run_id, workers=[WorkerSummary(worker_id="w", worker_type="random", curve=curve)], **fields
    )


@pytest.mark.parametrize("keep", [False, True])
def test_curves_are_those_under_way_and_those_of_the_registry(keep: bool) -> None:
    for registry, table in tables():
        table.keep(keep)
        registry.enter([_curved("A", 5), _curved("B", 5)])
        current = {"B": [worker.curve for worker in _curved("B", 5, 9, 11).workers]}

        def steps(points: int, current: Curves) -> dict[str, list[int]]:
            assert not any(run.workers[0].curve for run in table.runs().values())  # noqa: B023
            found = table.curves(["A", "B", "C"], points, current)  # noqa: B023
            return {run_id: [point.step for point in curve] for run_id, curve in found.items()}

        for _ in range(2):
            assert steps(9, current) == {"A": [5], "B": [5, 9, 11]}
            assert steps(1, current) == {"A": [5], "B": [11]}
        registry.update([_curved("B", 5, 9, 12, report=1, state=RunState.COMPLETED)])
        assert steps(9, {}) == {"A": [5], "B": [5, 9, 12]}
        registry.remove(["A"])
        assert steps(9, {}) == {"B": [5, 9, 12]}
