"""Run configs with every key that code which reads forms expects."""

from __future__ import annotations

from real_workers import record_of

from gym_gui.forms import complete_run_config, make_form, to_run_config
from gym_gui.runs import validate_train_run_config

FORM = make_form(record_of("cleanrl"))


def test_every_key_is_there() -> None:
    config = complete_run_config(to_run_config(FORM, {"config.gamma": "0.9"}), "/usr/bin/python")
    assert (config["entry_point"], config["arguments"]) == ("/usr/bin/python", ["-m", "cleanrl_worker.cli"])
    assert config["resources"] == {
        "cpus": 1, "memory_mb": 1024, "gpus": {"requested": None, "mandatory": False},
    }  # fmt: skip
    assert config["metadata"]["ui"] == {"worker_id": "cleanrl"}
    assert config["metadata"]["worker"]["worker_id"] == "cleanrl"
    assert config["metadata"]["worker"]["module"] == "cleanrl_worker.cli"
    assert config["metadata"]["worker"]["config"] == {"gamma": 0.9}
    assert config["artifacts"] == {"output_prefix": "runs/${run_id}", "persist_logs": True, "keep_checkpoints": True}
    assert validate_train_run_config(config).workers[0].module == "cleanrl_worker.cli"


def test_a_worker_id_of_ones_own_is_wherever_clients_look_for_it() -> None:
    values = {"worker_id": "left", "environment": {"A": "1"}}
    config = complete_run_config(to_run_config(FORM, values), "/usr/bin/python")
    assert config["metadata"]["worker"]["config"]["worker_id"] == "left"
    assert config["metadata"]["ui"]["path_config"]["ui_only"]["worker_id"] == "left"
    assert config["environment"] == {"WORKER_ID": "left", "A": "1"}
    assert [worker.worker_id for worker in validate_train_run_config(config).workers] == ["left"]
