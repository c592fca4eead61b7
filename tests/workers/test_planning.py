from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError, MosaicError, UsageError
from gym_gui.runs.config import validate_train_run_config
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import is_run_id, new_run_id
from gym_gui.runs.plan import RunPlan, load_plan
from gym_gui.runs.private_files import forget_secrets
from gym_gui.runs.secret_values import take_from_environment
from gym_gui.runs.seeds import derive_seed
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.dry_run import run_dry_run
from gym_gui.workers.planning import PlannedRun, plan_run, write_run


@pytest.fixture
def catalog(site: Any, home: Path) -> WorkerCatalog:
    site.install("tiny")
    catalog: WorkerCatalog = site.catalog(home)
    return catalog


def payload(part: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    metadata = {"metadata": {"worker": {"worker_id": "tiny", **(part or {})}}}
    return {"run_name": "a", **metadata, **more}


def planned_of(catalog: WorkerCatalog, home: Path, submitted: dict[str, Any], **more: Any) -> PlannedRun:
    return plan_run(validate_train_run_config(submitted), catalog, home, **{"provenance": {}, **more})


def plan_of(catalog: WorkerCatalog, home: Path, submitted: dict[str, Any], **more: Any) -> RunPlan:
    return planned_of(catalog, home, submitted, **more).plan


def problem_paths(catalog: WorkerCatalog, home: Path, submitted: dict[str, Any]) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        plan_of(catalog, home, submitted)
    return [problem.path for problem in raised.value.problems]


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


KEY, PASSWORD = "sk-9f8e7d6c5b4a", "correct horse battery"


def test_secrets_are_on_no_record(catalog: WorkerCatalog, home: Path) -> None:
    submitted = payload(
        {"config": {"env_kwargs": {"api_key": KEY, "size": 3}, "note": f"uses {PASSWORD}"}},
        environment={"DB_PASSWORD": PASSWORD, "DB_URL": f"postgres://me:{PASSWORD}@db", "A": "1"},
        notes=f"with {KEY}",
    )  # fmt: skip
    provenance = {"argv": ["mosaic", "train", "tiny", "--set", f"env_kwargs.api_key={KEY}", "--token", "token-zq7"]}
    planned = planned_of(catalog, home, submitted, provenance=provenance)
    plan = planned.plan
    folder = RunFolder.of(home, plan.run_id)
    write_run(folder, planned)
    (worker,) = plan.workers
    private = folder.private_config(worker.worker_id)
    assert worker.argv[worker.argv.index("--config") + 1] == str(private)
    assert worker.secrets == ["DB_PASSWORD", "DB_URL"]
    assert worker.env["A"] == "1"
    assert not set(worker.secrets) & set(worker.env)
    assert plan.provenance["argv"][4:] == ["env_kwargs.api_key=${secret}", "--token", "${secret}"]
    for path in (folder.run_json, folder.worker_config(worker.worker_id)):
        text = path.read_text()
        assert not any(secret in text for secret in (KEY, PASSWORD, "token-zq7"))
    assert json.loads(private.read_text()) == {
        "run_id": plan.run_id, "seed": worker.seed, "env_kwargs": {"api_key": KEY, "size": 3},
        "note": f"uses {PASSWORD}",
    }  # fmt: skip
    handed = folder.secrets(worker.worker_id)
    assert json.loads(handed.read_text()) == {
        "environment": {"DB_PASSWORD": PASSWORD, "DB_URL": f"postgres://me:{PASSWORD}@db"}
    }
    assert {path.stat().st_mode & 0o777 for path in (private, handed)} == {0o600}

    forget_secrets(folder)
    assert not private.exists()
    assert not handed.exists()
    assert folder.run_json.exists()


SECRET_FIELDS = """
from dataclasses import dataclass, field
from typing import Any, Dict

@dataclass
class TinyWorkerConfig:
    run_id: str
    seed: int = 0
    hf_pin: str = field(default="", metadata={"secret": True})
    door: int = field(default=0, metadata={"secret": True, "minimum": 0})
    lanes: int = 2

    def to_dict(self) -> Dict[str, Any]:
        return dict(self.__dict__)

    @classmethod
    def from_dict(cls, data: Dict[str, Any]) -> "TinyWorkerConfig":
        return cls(**data)
"""


def test_fields_that_a_worker_declares_secret_are_on_no_record(site: Any, home: Path) -> None:
    site.install("pinned", {"config.py": SECRET_FIELDS})
    catalog = site.catalog(home)
    pin, door = "4711-0815-ab", 86753
    submitted = payload(
        {"worker_id": "pinned", "config": {"hf_pin": pin, "door": door, "lanes": 3}}, notes=f"opens with {pin}"
    )
    planned = planned_of(
        catalog, home, submitted, provenance={"argv": ["mosaic", "train", "pinned", f"--set=door={door}"]}
    )
    (worker,) = planned.plan.workers
    folder = RunFolder.of(home, planned.plan.run_id)
    write_run(folder, planned)
    hidden = {"hf_pin": "${secret}", "door": "${secret}", "lanes": 3}
    record = json.loads(folder.run_json.read_text())
    assert record["config"]["metadata"]["worker"]["config"] == hidden
    assert {name: record["workers"][0]["config"][name] for name in hidden} == hidden
    assert worker.env["MOSAIC_SECRETS"] == "door,hf_pin"  # so that its events do not tell them either
    for path in (folder.run_json, folder.worker_config(worker.worker_id)):
        assert pin not in path.read_text()
        assert str(door) not in path.read_text()
    private = json.loads(folder.private_config(worker.worker_id).read_text())
    assert {name: private[name] for name in hidden} == {"hf_pin": pin, "door": door, "lanes": 3}

    submitted["metadata"]["worker"]["config"]["hf_pin"] = "another-pin"
    assert plan_of(catalog, home, submitted).digest == planned.plan.digest
    assert set(problem_paths(catalog, home, record["config"])) == {
        "metadata.worker.config.door",
        "metadata.worker.config.hf_pin",
    }
    assert problem_paths(catalog, home, {**submitted, "arguments": ["--door", "17"]}) == ["arguments"]
    submitted["metadata"]["worker"]["config"]["door"] = -door
    with pytest.raises(ConfigError) as raised:
        plan_of(catalog, home, submitted)
    assert str(door) not in str(raised.value)


def test_a_run_without_its_secrets_is_refused(catalog: WorkerCatalog, home: Path) -> None:
    submitted = payload({"config": {"env_kwargs": {"api_key": KEY}}}, environment={"DB_PASSWORD": PASSWORD})
    record = plan_of(catalog, home, submitted).config
    assert problem_paths(catalog, home, record) == [
        "environment.DB_PASSWORD",
        "metadata.worker.config.env_kwargs.api_key",
    ]
    filled = take_from_environment(record, {"API_KEY": KEY, "DB_PASSWORD": PASSWORD, "HOME": "/"})
    assert validate_train_run_config(filled).digest == validate_train_run_config(submitted).digest
    assert plan_of(catalog, home, filled).workers[0].secrets == ["DB_PASSWORD"]


def test_problems_tell_no_secret(catalog: WorkerCatalog, home: Path) -> None:
    config = {"algo": KEY, "normalize": KEY, "env_kwargs": {"api_key": KEY}}
    with pytest.raises(ConfigError) as raised:
        plan_of(catalog, home, payload({"config": config}))
    assert len(raised.value.problems) == 2
    assert KEY not in str(raised.value)
    assert KEY not in json.dumps([problem.to_dict() for problem in raised.value.problems])
