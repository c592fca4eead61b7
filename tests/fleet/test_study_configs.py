"""Assignments of studies: the run config of each, valid as it is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.fleet import Split, Study, StudyFolder, StudySpec, find_study, make_assignments, study_ids
from gym_gui.runs import new_run_id, validate_train_run_config

BASE: dict[str, Any] = {
    "run_name": "base",
    "tags": ["mine"],
    "metadata": {"worker": {"worker_id": "random", "config": {"env_id": "CartPole-v1", "total_steps": 10}}},
}


def spec(**changes: Any) -> StudySpec:
    return StudySpec(**{"name": "rates", "base_config": BASE, **changes})


def test_a_setting_may_be_named_without_its_path() -> None:
    splits = [Split(key="total_steps", values=[10, 20]), Split(key="priority", values=[1])]
    with pytest.raises(ConfigError, match="priority"):
        make_assignments(spec(splits=splits), "S")
    made = make_assignments(spec(splits=[splits[0], Split(key="+priority", values=[1])], seeds=[1, 2]), "S")
    assert [each.run_config["metadata"]["worker"]["config"] for each in made] == [
        {"env_id": "CartPole-v1", "total_steps": steps, "seed": seed} for steps in (10, 20) for seed in (1, 2)
    ]
    assert made[3].run_config["metadata"]["study"] == {
        "study_id": "S", "name": "rates", "index": 3, "split": {"total_steps": 20, "priority": 1, "seed": 2},
    }  # fmt: skip
    assert made[3].run_config["run_name"] == "rates #3"
    assert len({run.run_id for each in made for run in each.runs}) == 4


def test_every_run_config_is_valid_and_keeps_the_digest_of_its_experiment() -> None:
    made = make_assignments(spec(splits=[Split(key="total_steps", values=[10, 20])], tags=["s"]), "S")
    for each in made:
        config = validate_train_run_config(each.run_config)
        assert config.payload["metadata"]["study"]["name"] == "rates"
        assert config.tags == ["mine", "s"]
        assert validate_train_run_config(config.payload).payload == config.payload
    assert validate_train_run_config(made[0].run_config).digest == validate_train_run_config(BASE).digest


def test_a_worker_needs_its_settings_alone() -> None:
    made = make_assignments(spec(worker="random", base_config={"env_id": "CartPole-v1"}, seeds=[5]), "S")
    assert made[0].run_config["metadata"]["worker"] == {
        "worker_id": "random", "config": {"env_id": "CartPole-v1", "seed": 5},
    }  # fmt: skip
    with pytest.raises(UsageError, match="whole run config"):
        make_assignments(spec(worker="random"), "S")


def test_a_command_gets_its_own_config() -> None:
    base = {"phantoms": ["duke", "ella"], "seed": 3}
    made = make_assignments(spec(base_config=base, command="goliat", splits=[Split(key="phantoms")], num_splits=2), "S")
    assert [(each.run_config["entry_point"], each.run_config["arguments"]) for each in made] == [
        ("${python}", ["-m", "goliat", "study", "${config}"])
    ] * 2
    assert [each.run_config["metadata"]["worker"]["config"] for each in made] == [
        {"phantoms": ["duke"], "seed": 3}, {"phantoms": ["ella"], "seed": 3},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": " "}, "name: is empty"),
        ({"weights": [1.0]}, "are 1, but there are 2 assignments"),
        ({"weights": [1.0, 0.0]}, "numbers above 0"),
        ({"command": "goliat", "base_config": {"run_id": 1}, "splits": []}, "keeps for itself"),
        ({"seeds": [1, 1]}, "name a seed twice"),
    ],
)
def test_a_study_that_is_not_valid_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as raised:
        make_assignments(spec(**{"splits": [Split(key="total_steps", values=[1, 2])], **changes}), "S")
    assert said in str(raised.value)


def test_a_study_is_read_as_it_was_written(tmp_path: Path) -> None:
    made = make_assignments(spec(splits=[Split(key="total_steps", values=[10, 20])]), "S")
    study = Study(study_id=new_run_id(), spec=spec(), created_at=1.0, assignments=made)
    folder = StudyFolder(tmp_path, study.study_id)
    folder.save(study)
    assert folder.load() == study
    assert study_ids(tmp_path) == [study.study_id]
    assert list(json.loads(folder.study_json.read_text())["spec"]["base_config"]) == list(BASE)
    assert [run.run_id for _, run in folder.load().pending] == [each.runs[0].run_id for each in made]


def test_a_study_is_found_by_id_beginning_or_name(tmp_path: Path) -> None:
    studies = [Study(study_id=new_run_id(), spec=spec(name=name), created_at=1.0) for name in ("one", "two", "two")]
    first = studies[0]
    assert find_study("one", studies) is first
    assert find_study(first.study_id, studies) is first
    assert find_study(first.study_id.lower(), studies) is first
    with pytest.raises(UsageError, match="3 studies"):
        find_study(first.study_id[:6], studies)
    with pytest.raises(UsageError, match="2 studies"):
        find_study("two", studies)
    with pytest.raises(UsageError, match="did you mean 'one'"):
        find_study("ones", studies)
