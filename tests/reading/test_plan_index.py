"""Facts of ``run.json`` are read once and kept, whatever happens to the file that keeps them."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest

from gym_gui.reading.plan_index import PlanIndex, facts_of
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import RunPlan, WorkerPlan, save_plan

RUN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
OTHER = "01ARZ3NDEKTSV4RRFFQ69G5FAW"


def plan(run_id: str = RUN, **settings: Any) -> RunPlan:
    config = {"run_id": run_id, "worker_id": "w", "algo": "ppo", **settings}
    worker = WorkerPlan(worker_no=1, worker_id="w", worker_type="cleanrl", argv=[], config=config)
    return RunPlan(
        run_id=run_id, run_name="n", digest="d", created_at=1.0, submitter="ada", workers=[worker],
        config={"notes": "why", "environment": {"A": "1", "MOSAIC_RUN_ID": run_id}},
    )  # fmt: skip


def write(home: Path, *plans: RunPlan) -> None:
    for each in plans:
        folder = RunFolder.of(home, each.run_id)
        folder.create()
        save_plan(folder, each)


def test_a_run_of_a_study_is_found_by_its_name_and_id() -> None:
    part = plan()
    config = {**part.config, "metadata": {"study": {"study_id": "S1", "name": "rates", "index": 0, "split": {}}}}
    assert facts_of(msgspec.structs.replace(part, config=config)).study == ("rates", "S1")
    assert facts_of(part).study == ()


def test_settings_are_named_by_their_paths() -> None:
    facts = facts_of(plan(lr=1e-3, env_kwargs={"level": "hard", "sizes": [1, 2]}, nothing={}, absent=None))
    assert facts.settings["lr"] == [1e-3]
    assert facts.settings["env_kwargs.level"] == ["hard"]
    assert facts.settings["env_kwargs.sizes"] == ["[1,2]"]
    assert facts.settings["nothing"] == ["{}"]
    assert facts.settings["absent"] == [None]
    assert (facts.submitter, facts.notes) == ("ada", "why")


def test_workers_with_different_settings_have_several_values() -> None:
    one = plan(lr=1, same=True)
    second = WorkerPlan(worker_no=2, worker_id="v", worker_type="cleanrl", argv=[], config={"lr": 2, "same": True})
    facts = facts_of(RunPlan(**{**{name: getattr(one, name) for name in one.__struct_fields__},
                                "workers": [*one.workers, second]}))  # fmt: skip
    assert facts.settings["lr"] == [1, 2]
    assert facts.settings["same"] == [True]


def test_runs_that_differ_only_in_seed_and_own_paths_are_one_variant() -> None:
    first = facts_of(plan(seed=1, save=f"/home/runs/{RUN}/model")).variant
    assert first == facts_of(plan(OTHER, seed=2, save=f"/home/runs/{OTHER}/model")).variant
    assert first != facts_of(plan(seed=1, save="/elsewhere")).variant
    assert facts_of(plan(lr=1)).variant != facts_of(plan(lr=2)).variant


def test_each_plan_is_read_once(tmp_path: Path) -> None:
    write(tmp_path, plan(lr=1))
    assert PlanIndex(tmp_path).facts([RUN])[RUN].settings["lr"] == [1]
    RunFolder.of(tmp_path, RUN).run_json.unlink()
    assert PlanIndex(tmp_path).facts([RUN])[RUN].settings["lr"] == [1]


def test_unreadable_runs_are_left_out_and_read_later(tmp_path: Path) -> None:
    write(tmp_path, plan())
    path = RunFolder.of(tmp_path, RUN).run_json
    whole = path.read_bytes()
    path.write_bytes(whole[:40])
    assert PlanIndex(tmp_path).facts([RUN, OTHER]) == {}
    path.write_bytes(whole)
    assert set(PlanIndex(tmp_path).facts([RUN, OTHER])) == {RUN}


@pytest.mark.parametrize(
    "damage", ["no database", "a damaged row", "another version", "a folder", "no folder may be made"]
)
def test_an_unusable_file_costs_time_alone(tmp_path: Path, damage: str) -> None:
    write(tmp_path, plan(lr=1))
    index = PlanIndex(tmp_path)
    if damage == "no folder may be made":
        (tmp_path / "cache").write_text("a file")
    else:
        index.facts([RUN])
    if damage == "no database":
        index.path.write_bytes(b"x" * 5000)
    elif damage == "a damaged row":
        with sqlite3.connect(index.path) as database:
            database.execute("UPDATE plans SET facts = 'x'")
    elif damage == "another version":
        with sqlite3.connect(index.path) as database:
            database.execute("PRAGMA user_version = 99")
    elif damage == "a folder":
        index.path.unlink()
        index.path.mkdir()
    for _ in range(2):
        assert index.facts([RUN])[RUN].settings["lr"] == [1]


def test_many_runs_are_read_in_one_pass(tmp_path: Path) -> None:
    ids = [f"01ARZ3NDEKTSV4RRFFQ6{number:06d}" for number in range(600)]
    write(tmp_path, *(plan(run_id, lr=number) for number, run_id in enumerate(ids)))
    for _ in range(2):
        found = PlanIndex(tmp_path).facts(ids)
        assert [found[run_id].settings["lr"] for run_id in ids] == [[number] for number in range(600)]


def test_nothing_is_left_of_a_run_that_was_removed(tmp_path: Path) -> None:
    index = PlanIndex(tmp_path)
    index.forget(RUN)  # there is no file yet, and none is made
    assert not index.path.exists()
    write(tmp_path, plan(lr="confidential"), plan(OTHER))
    assert set(index.facts([RUN, OTHER])) == {RUN, OTHER}
    RunFolder.of(tmp_path, RUN).run_json.unlink()
    index.forget(RUN)
    assert set(index.facts([RUN, OTHER])) == {OTHER}
    assert b"confidential" not in index.path.read_bytes()
