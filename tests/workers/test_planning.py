from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from planned_runs import payload, plan_of, planned_of, problem_paths

from gym_gui.core.worker.errors import ConfigError, MosaicError, UsageError
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import is_run_id, new_run_id
from gym_gui.runs.plan import load_plan
from gym_gui.runs.seeds import derive_seed
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.dry_run import run_dry_run
from gym_gui.workers.planning import write_run


@pytest.fixture
def catalog(site: Any, home: Path) -> WorkerCatalog:
    site.install("tiny")
    catalog: WorkerCatalog = site.catalog(home)
    return catalog


def test_a_worker_is_planned_whole(catalog: WorkerCatalog, home: Path) -> None:
    run_id = new_run_id()
    submitted = payload(
        {"config": {"seed": 5, "total_steps": 2000.0, "note": "at ${run_id}"}},
        environment={"MY_RUN_ID": run_id, "A": "1"}, tags=["t"], resources={"cpus": 2}, limits={"wall_time_s": 9},
    )  # fmt: skip
    plan = plan_of(catalog, home, submitted, run_id=run_id, group="g", submitter="me", parent_run_id="p")
    (worker,) = plan.workers
    config_file = home / "runs" / run_id / f"worker-{run_id}-000001.json"
    assert worker.argv == [
        sys.executable, "-m", "tiny_worker.cli", "--config", str(config_file), "--worker-id", "000001",
    ]  # fmt: skip
    assert worker.config == {"run_id": run_id, "seed": 5, "total_steps": 2000, "note": f"at {run_id}"}
    assert type(worker.config["total_steps"]) is int
    assert worker.env == {
        "OMP_NUM_THREADS": "2", "MY_RUN_ID": run_id, "A": "1", "MOSAIC_HOME": str(home), "MOSAIC_RUN_ID": run_id,
        "MOSAIC_RUN_DIR": str(home / "runs" / run_id), "MOSAIC_WORKER_TYPE": "tiny", "MOSAIC_SEED": "5",
        "WORKER_ID": "000001",
    }  # fmt: skip
    assert (worker.worker_no, worker.worker_type, worker.seed, worker.target_steps) == (1, "tiny", 5, 2000)
    assert (plan.seed, plan.group, plan.submitter, plan.parent_run_id, plan.tags) == (5, "g", "me", "p", ["t"])
    assert plan.limits.wall_time_s == 9
    assert plan.provenance["workers"]["tiny"]["version"] == "1.0.0"
    assert not (home / "runs").exists()


def test_it_is_written_down_and_read_again(catalog: WorkerCatalog, home: Path) -> None:
    planned = planned_of(catalog, home, payload({"replicas": 2}))
    plan = planned.plan
    folder = RunFolder.of(home, plan.run_id)
    write_run(folder, planned)
    assert load_plan(folder) == plan
    for worker in plan.workers:
        path = folder.worker_config(worker.worker_id)
        assert json.loads(path.read_text()) == worker.config
        assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(MosaicError, match="exists already"):
        write_run(folder, planned)


def test_a_plan_submitted_again_is_the_same_experiment(catalog: WorkerCatalog, home: Path) -> None:
    run_id = new_run_id()
    first = plan_of(catalog, home, payload({"config": {"run_id": run_id, "note": f"x/{run_id}"}}))
    second = plan_of(catalog, home, first.config)
    assert first.run_id == run_id
    assert second.run_id != run_id
    assert second.digest == first.digest
    assert second.workers[0].config["note"] == f"x/{second.run_id}"


def test_a_run_id_that_a_run_has_is_not_taken_again(catalog: WorkerCatalog, home: Path) -> None:
    run_id = new_run_id()
    RunFolder.of(home, run_id).create()
    plan = plan_of(catalog, home, payload({"config": {"run_id": run_id}}))
    assert is_run_id(plan.run_id)
    assert plan.run_id != run_id


@pytest.mark.parametrize("run_id", ["../../outside", "a/b", "x"])
def test_a_run_id_cannot_leave_the_home(catalog: WorkerCatalog, home: Path, run_id: str) -> None:
    with pytest.raises(ConfigError):
        plan_of(catalog, home, payload(), run_id=run_id)
    plan = plan_of(catalog, home, payload({"config": {"run_id": run_id}}))
    assert is_run_id(plan.run_id)
    assert plan.workers[0].config["run_id"] == plan.run_id


def test_seeds_of_one_and_of_several(catalog: WorkerCatalog, home: Path) -> None:
    assert [worker.seed for worker in plan_of(catalog, home, payload({"config": {"seed": 9}})).workers] == [9]
    replicas = plan_of(catalog, home, payload({"replicas": 3, "config": {"seed": 9}}))
    assert [worker.seed for worker in replicas.workers] == [9, derive_seed(9, "000002"), derive_seed(9, "000003")]
    assert [worker.config["seed"] for worker in replicas.workers] == [worker.seed for worker in replicas.workers]


def test_a_seed_is_drawn_once_and_recorded(catalog: WorkerCatalog, home: Path) -> None:
    one, other = (plan_of(catalog, home, payload({"replicas": 2})) for _ in range(2))
    assert one.digest == other.digest
    assert one.seed != other.seed
    assert one.seed is not None
    assert [worker.seed for worker in one.workers] == [one.seed, derive_seed(one.seed, "000002")]
    assert plan_of(catalog, home, payload(), seed=4).seed == 4


def test_entries_keep_their_own_seeds(catalog: WorkerCatalog, home: Path) -> None:
    entries = [
        {"worker_id": "tiny", "config": {"seed": 1}},
        {"worker_id": "tiny", "replicas": 2, "config": {"seed": 2}},
        {"worker_id": "tiny"},
    ]
    plan = plan_of(catalog, home, {"run_name": "a", "metadata": {"workers": entries}})
    assert [worker.seed for worker in plan.workers] == [1, 2, derive_seed(2, "000003"), derive_seed(1, "000004")]


def test_a_config_class_with_the_field_gets_the_instances_id(site: Any, home: Path) -> None:
    config = """
        import dataclasses

        @dataclasses.dataclass
        class NamedWorkerConfig:
            run_id: str
            seed: int = 0
            worker_id: str = ""

            def to_dict(self):
                return dataclasses.asdict(self)

            @classmethod
            def from_dict(cls, data):
                return cls(**data)
    """
    site.install("named", {"config.py": config, "cli.py": ""})
    plan = plan_of(site.catalog(home), home, payload({"worker_id": "named", "config": {"worker_id": "actor"}}))
    assert plan.workers[0].config["worker_id"] == "actor"
    assert "--worker-id" not in plan.workers[0].argv


def test_everything_that_is_wrong_is_told_at_once(site: Any, catalog: WorkerCatalog, home: Path) -> None:
    site.install("broken", {"__init__.py": "import library_that_is_missing\n"})
    site.install("bare", {"cli.py": None})
    entries = [
        {"worker_id": "tinny"},
        {"worker_id": "broken"},
        {"worker_id": "bare"},
        {"worker_id": "tiny", "config": {"totl_steps": 1, "algo": "x"}},
    ]
    assert problem_paths(catalog, home, {"run_name": "a", "metadata": {"workers": entries}}) == [
        "metadata.workers[0].worker_id",
        "metadata.workers[1].worker_id",
        "metadata.workers[2].module",
        "metadata.workers[3].config.totl_steps",
        "metadata.workers[3].config.algo",
    ]
    assert not (home / "runs").exists()


def test_a_module_names_its_worker_and_its_own_options(site: Any, catalog: WorkerCatalog, home: Path) -> None:
    parser = (
        "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--config')\nparser.parse_args()\n"
    )
    site.write("tiny_worker/other.py", parser)
    submitted = {"run_name": "a", "metadata": {"worker": {"module": "tiny_worker.other"}}}
    (worker,) = plan_of(catalog, home, submitted).workers
    assert worker.worker_type == "tiny"
    assert worker.argv[1:4] == ["-m", "tiny_worker.other", "--config"]
    assert "--worker-id" not in worker.argv


STDIN = """
import argparse, sys
parser = argparse.ArgumentParser()
parser.add_argument("--run-id", required=True)
parser.add_argument("--interactive", action="store_true")
parser.parse_args()
for line in sys.stdin:
    print(line)
"""


def test_a_worker_that_is_driven_on_stdin_is_refused_before_it_is_queued(site: Any, home: Path) -> None:
    site.install("driven", {"cli.py": STDIN})
    with pytest.raises(ConfigError) as raised:
        plan_of(site.catalog(home), home, payload({"worker_id": "driven"}))
    (problem,) = raised.value.problems
    assert problem.path == "metadata.worker.worker_id"
    assert "driven_worker.cli does not take --config" in problem.message
    assert "--interactive --run-id" in problem.message
    (told,) = run_dry_run(site.catalog(home).get("driven"), {})
    assert told.message == problem.message


def test_added_arguments_follow(catalog: WorkerCatalog, home: Path) -> None:
    submitted = payload({"module": "tiny_worker.cli"}, arguments=["-m", "tiny_worker.cli", "--worker-id", "a", "--x"])
    (worker,) = plan_of(catalog, home, submitted).workers
    assert worker.worker_id == "a"
    assert worker.argv[5:] == ["--worker-id", "a", "--x"]


def test_a_bare_command(catalog: WorkerCatalog, home: Path) -> None:
    submitted = {"run_name": "a", "entry_point": "sh", "arguments": ["-c", "echo ${run_id}"]}
    plan = plan_of(catalog, home, submitted)
    (worker,) = plan.workers
    assert Path(worker.argv[0]).is_absolute()
    assert worker.argv[1:] == ["-c", f"echo {plan.run_id}"]
    assert worker.worker_type == "command"
    assert worker.config == {"run_id": plan.run_id, "seed": plan.seed}


def test_a_bare_command_with_a_config_is_told_where_it_is(catalog: WorkerCatalog, home: Path) -> None:
    submitted = payload({"worker_id": "own", "config": {"lr": 1}}, entry_point="sh", arguments=["x.sh"])
    (worker,) = plan_of(catalog, home, submitted).workers
    assert worker.argv[2] == "--config"
    assert worker.worker_type == "own"
    seeded = payload({"worker_id": "own", "config": {"seed": 1}}, entry_point="sh", arguments=["x.sh"])
    assert plan_of(catalog, home, seeded).workers[0].argv[1:] == ["x.sh"]


def test_a_bare_command_that_says_where_its_config_goes_gets_it_as_it_is(catalog: WorkerCatalog, home: Path) -> None:
    config = {"phantoms": ["duke"], "a": {"z": 1, "b": None}, "seed": 3}
    submitted = payload(
        {"worker_id": "own", "config": config},
        entry_point="${python}",
        arguments=["-m", "goliat", "study", "${config}", "--copy=${config}"],
    )
    planned = planned_of(catalog, home, submitted)
    (worker,) = planned.plan.workers
    folder = RunFolder.of(home, planned.plan.run_id)
    path = str(folder.worker_config(worker.worker_id))
    assert Path(worker.argv[0]).name.startswith("python")
    assert worker.argv[1:] == ["-m", "goliat", "study", path, f"--copy={path}"]
    write_run(folder, planned)
    assert json.loads(Path(path).read_text()) == config
    assert list(worker.config) == list(config)
    assert worker.env["MOSAIC_SEED"] == "3"
    assert planned.plan.config["arguments"][-1] == "--copy=${config}"


def test_a_pause_on_a_full_disk_is_refused_where_a_worker_cannot_be_paused(catalog: WorkerCatalog, home: Path) -> None:
    command = {"run_name": "a", "entry_point": "sh", "on_disk_full": "pause"}
    for submitted, name in ((command, "'command'"), (payload({"replicas": 2}, on_disk_full="pause"), "'tiny'")):
        with pytest.raises(ConfigError) as raised:
            plan_of(catalog, home, submitted)
        (problem,) = raised.value.problems
        assert (problem.path, problem.value, problem.allowed) == ("on_disk_full", "pause", "'continue'")
        assert name in problem.message
        assert "supports_pause_resume" in problem.message
        assert plan_of(catalog, home, {**submitted, "on_disk_full": "continue"}).on_disk_full == "continue"


def test_a_command_that_is_not_there(catalog: WorkerCatalog, home: Path) -> None:
    assert problem_paths(catalog, home, {"run_name": "a", "entry_point": "/nothing/here"}) == ["entry_point"]


def test_steps_are_limited_by_the_schedule(catalog: WorkerCatalog, home: Path) -> None:
    for config, steps in (({}, 500), ({"total_steps": 100}, 100), ({"total_steps": 900}, 500)):
        plan = plan_of(catalog, home, payload({"config": config}, schedule={"max_steps": 500}))
        assert plan.workers[0].target_steps == steps


def test_a_home_that_cannot_be_written(catalog: WorkerCatalog, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    planned = planned_of(catalog, blocked, payload())
    with pytest.raises(UsageError, match="cannot be written"):
        write_run(RunFolder.of(blocked, planned.plan.run_id), planned)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_without_permission(catalog: WorkerCatalog, tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    planned = planned_of(catalog, folder, payload())
    with pytest.raises(UsageError, match="cannot be written"):
        write_run(RunFolder.of(folder, planned.plan.run_id), planned)


def test_what_cannot_be_finished_is_taken_back(
    catalog: WorkerCatalog, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gym_gui.workers import planning

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    planned = planned_of(catalog, home, payload(environment={"API_KEY": "sk-123456789"}))
    monkeypatch.setattr(planning, "save_plan", full)
    folder = RunFolder.of(home, planned.plan.run_id)
    with pytest.raises(MosaicError, match="No space left"):
        write_run(folder, planned)
    assert not folder.path.exists()
