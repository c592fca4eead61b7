from __future__ import annotations

from typing import Any

import pytest

from gym_gui.runs.config import validate_train_run_config
from gym_gui.workers.devices import GpuRequest, can_use_gpu, gpu_request
from gym_gui.workers.record import WorkerRecord


def worker(*fields: str, **capabilities: Any) -> WorkerRecord:
    defaults: dict[str, Any] = {"cuda": True, "device": "auto"}
    properties = {name: {"default": defaults.get(name)} for name in fields}
    return WorkerRecord(
        name="mine", entry_point="", distribution="", version="", python="", capabilities=capabilities,
        schema={"properties": properties},
    )  # fmt: skip


def request(record: WorkerRecord | None, settings: dict[str, Any] | None = None, **config: Any) -> GpuRequest:
    payload = {"run_name": "a", "entry_point": "x", "base_environment": {}, **config}
    return gpu_request(validate_train_run_config(payload), record, settings or {})


def test_who_can_use_one() -> None:
    assert can_use_gpu(worker("cuda"))
    assert can_use_gpu(worker("device"))
    assert can_use_gpu(worker(supports_gpu=True))
    assert can_use_gpu(worker(requires_gpu=True))
    assert not can_use_gpu(worker("env_id", supports_gpu=False, gpu_memory_mb=None))


def test_who_can_use_one_asks_for_one() -> None:
    assert request(worker("cuda")) == (1, False, "")
    assert request(worker("env_id")) == (0, False, "")
    assert request(worker(requires_gpu=True)) == (1, True, "")


@pytest.mark.parametrize(
    ("settings", "reason"),
    [({"cuda": False}, "its config has cuda=False"), ({"device": "cpu"}, "its config has device=cpu"), ({}, "")],
)
def test_its_config_may_say_no(settings: dict[str, Any], reason: str) -> None:
    assert request(worker("cuda", "device"), settings) == (0 if reason else 1, False, reason)


def test_what_the_run_says_counts() -> None:
    assert request(worker("cuda"), resources={"gpus": {"requested": 2, "mandatory": True}}) == (2, True, "")
    assert request(worker("cuda"), resources={"gpus": {"requested": 2}}) == (2, False, "")
    assert request(worker("env_id"), resources={"gpus": {"requested": 1}}) == (1, False, "")
    none = request(worker("cuda"), resources={"gpus": {"requested": 0}})
    assert (none.gpus, "--gpus 0" in none.cpu_reason) == (0, True)


def test_the_submitters_own_choice_stands() -> None:
    assert request(worker("cuda"), base_environment={"CUDA_VISIBLE_DEVICES": "3"}) == (0, False, "")
    hidden = request(worker("cuda"), base_environment={"CUDA_VISIBLE_DEVICES": ""})
    assert hidden == (0, False, "CUDA_VISIBLE_DEVICES is ''")


def test_a_bare_command_has_to_ask() -> None:
    asked = request(None)
    assert (asked.gpus, "--gpus 1" in asked.cpu_reason) == (0, True)
    assert request(None, resources={"gpus": {"requested": 1}}).gpus == 1
