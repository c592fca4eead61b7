from __future__ import annotations

from pathlib import Path
from typing import Any

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.grant import read_cpu_reasons, read_grant, share_out_gpus, visible_devices, write_grant
from gym_gui.runs.plan import RunPlan, WorkerPlan


def plan_with(requested: int, **env: str) -> RunPlan:
    config: dict[str, Any] = {"resources": {"gpus": {"requested": requested}}}
    workers = [
        WorkerPlan(worker_no=n, worker_id=name, worker_type="t", argv=[], env=env) for n, name in [(1, "a"), (2, "b")]
    ]
    return RunPlan(run_id="R", run_name="", digest="", created_at=0.0, config=config, workers=workers)


def test_gpus_go_to_the_workers_in_order() -> None:
    assert share_out_gpus(["0", "1", "2"], {"a": 2, "b": 2}) == {"a": ["0", "1"], "b": ["2"]}
    assert share_out_gpus([], {"a": 2, "b": 2}) == {"a": [], "b": []}


def test_a_worker_sees_what_it_was_granted_and_nothing_else(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "R")
    folder.create()
    plan = plan_with(1, CUDA_VISIBLE_DEVICES="7")
    assert visible_devices(folder, plan, plan.workers[0]) == {"CUDA_VISIBLE_DEVICES": ""}
    write_grant(folder, {"a": ["GPU-x"], "b": []})
    assert visible_devices(folder, plan, plan.workers[0]) == {"CUDA_VISIBLE_DEVICES": "GPU-x"}
    assert visible_devices(folder, plan, plan.workers[1]) == {"CUDA_VISIBLE_DEVICES": ""}
    write_grant(folder, {"a": []})
    assert not folder.grant.exists()
    assert read_grant(folder) == {}


def test_only_a_run_that_asks_for_none_may_choose_for_itself(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "R")
    chosen, plain = plan_with(0, CUDA_VISIBLE_DEVICES="7"), plan_with(0)
    assert visible_devices(folder, chosen, chosen.workers[0]) == {}
    assert visible_devices(folder, plain, plain.workers[0]) == {"CUDA_VISIBLE_DEVICES": ""}


def test_the_submitters_own_choice_stands_where_the_run_leaves_it_open(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "R")
    shell = {"base_environment": {"CUDA_VISIBLE_DEVICES": "3"}}
    for requested, expected in ((None, {}), (0, {"CUDA_VISIBLE_DEVICES": ""})):
        plan = plan_with(0)
        plan.config.update(shell, resources={"gpus": {"requested": requested}})
        assert visible_devices(folder, plan, plan.workers[0]) == expected


def test_why_there_is_none_is_on_record(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "R")
    folder.create()
    assert read_cpu_reasons(folder) == {}
    write_grant(folder, {"a": []}, {"a": "no GPU found"})
    assert (read_cpu_reasons(folder), read_grant(folder)) == ({"a": "no GPU found"}, {"a": []})
