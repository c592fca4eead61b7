"""Secrets of a run config are on no record, and a run without its own is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from planned_runs import payload, plan_of, planned_of, problem_paths

from gym_gui.core.worker.errors import ConfigError
from gym_gui.runs.config import validate_train_run_config
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.private_files import forget_secrets
from gym_gui.runs.secret_values import take_from_environment
from gym_gui.workers.catalog import WorkerCatalog
from gym_gui.workers.planning import write_run

KEY, PASSWORD = "sk-9f8e7d6c5b4a", "correct horse battery"


@pytest.fixture
def catalog(site: Any, home: Path) -> WorkerCatalog:
    site.install("tiny")
    catalog: WorkerCatalog = site.catalog(home)
    return catalog


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
