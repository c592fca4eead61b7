"""Admission by resources through a real daemon, with a declared inventory."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState


@pytest.fixture
def client(daemon_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TrainerClient]:
    monkeypatch.setenv("MOSAIC_INVENTORY", '{"cpus": 3, "memory_mb": 64000, "gpus": ["7"]}')
    with TrainerClient.connect(daemon_home) as client:
        yield client
        for run in client.list(limit=100):
            if not run.state.terminal:
                client.cancel(run.run_id, wait=True)


def until(client: TrainerClient, run_id: str, state: RunState) -> None:
    assert any(run.state is state for run in client.watch([run_id]))


def visible(home: Path, run_id: str) -> str:
    spec = json.loads(RunFolder.of(home, run_id).launch_spec("000001", 1).read_bytes())
    return str(spec["env"]["CUDA_VISIBLE_DEVICES"])


def test_gpus_and_cores_are_waited_for_granted_and_kept_through_a_new_daemon(
    client: TrainerClient, daemon_home: Path, endless: dict[str, Any]
) -> None:
    def with_resources(**resources: Any) -> dict[str, Any]:
        return {**endless, "resources": resources}

    gpu = {"requested": 1, "mandatory": True}
    first = client.submit(with_resources(gpus=gpu))
    until(client, first, RunState.RUNNING)
    second = client.submit(with_resources(gpus=gpu))
    without = client.submit(with_resources(gpus={"requested": 1}))
    until(client, without, RunState.RUNNING)
    assert (visible(daemon_home, first), visible(daemon_home, without)) == ("7", "")
    assert client.get(second).cause == "waits for 1 of 1 GPUs, 0 free, 0 queued before it"
    wide = client.submit(with_resources(cpus=2))
    assert "2 of 3 cores, 1 free" in client.get(wide).cause
    told = client.why(wide)
    assert (told.state, told.before) == (RunState.QUEUED, 1)
    (shortage,) = told.waits_for
    assert (shortage.resource, shortage.needed, shortage.free, shortage.total) == ("cpus", 2, 1, 3)
    assert shortage.holders == {first: 1, without: 1}
    assert shortage.reserved_for == []  # nothing but GPUs is reserved for the run that waits for one
    assert first in shortage.sentence
    assert client.why(first).meaning.startswith("Its workers run.")  # and what they announce

    stop_daemon(daemon_home)
    with TrainerClient.connect(daemon_home) as client:
        assert client.get(second).cause == "waits for 1 of 1 GPUs, 0 free, 0 queued before it"
        client.cancel(first, wait=True)
        until(client, second, RunState.RUNNING)
        assert visible(daemon_home, second) == "7"
        client.cancel(wide, wait=True)


@pytest.mark.parametrize(
    "resources", [{"cpus": 4}, {"memory_mb": 65000}, {"gpus": {"requested": 2, "mandatory": True}}]
)
def test_what_can_never_fit_is_refused_at_submission(
    client: TrainerClient, random_config: Callable[..., dict[str, Any]], resources: dict[str, Any]
) -> None:
    config = {**random_config(), "resources": resources}
    with pytest.raises(ConfigError, match="more than this machine will ever have free"):
        client.submit(config)
    (problem,) = client.validate(config)
    assert problem.path.startswith(f"resources.{next(iter(resources))}")
    assert client.list() == []
