"""What is forecast for a run is what happens to it when it is submitted: by the scheduler's own rules."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from daemons import client, daemon_home, endless, random_config, wait_until, worker_records

from gym_gui.core.worker.errors import ConfigError
from gym_gui.rpc.client import TrainerClient

__all__ = ["client", "daemon_home", "endless", "random_config", "wait_until", "worker_records"]


@pytest.fixture(autouse=True)
def inventory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_INVENTORY", '{"cpus": 2, "memory_mb": 8000, "gpus": 0}')


def with_cpus(config: dict[str, Any], cpus: int) -> dict[str, Any]:
    return {**config, "resources": {"cpus": cpus}}


def test_a_run_on_an_idle_machine_starts_now(client: TrainerClient, endless: dict[str, Any]) -> None:
    (found,) = client.forecast([endless])
    assert (found.starts, found.sentence, found.waits_for) == (True, "starts now", [])
    assert client.list() == [], "nothing was written"


def test_what_is_forecast_is_what_happens(client: TrainerClient, endless: dict[str, Any]) -> None:
    first = client.submit(with_cpus(endless, 1))
    configs = [with_cpus(endless, cpus) for cpus in (1, 1, 2)]
    forecasts = client.forecast(configs)
    assert [each.starts for each in forecasts] == [True, False, False]
    assert client.forecast(configs) == forecasts, "a forecast changes nothing"
    second, third, fourth = (client.submit(config) for config in configs)
    assert client.why(second).waits_for == []
    for forecast, run_id in zip(forecasts[1:], (third, fourth), strict=True):
        why = client.why(run_id)
        assert [each.resource for each in why.waits_for] == [each.resource for each in forecast.waits_for] == ["cpus"]
        assert (why.waits_for[0].needed, why.waits_for[0].free) == (
            forecast.waits_for[0].needed, forecast.waits_for[0].free
        )  # fmt: skip
    assert forecasts[1].sentence.startswith("waits for 1 of 2 cores, 0 free; held by ")
    assert first in forecasts[1].sentence
    machine = client.machines().machines[0]
    assert (machine.cpus, machine.cpus_allocated, machine.slots_taken) == (2, 2, 2)
    assert {run.run_id for run in machine.runs} == {first, second}
    assert client.machines().queued == 2
    assert machine.measured is not None
    assert 0 < machine.measured.memory_used_bytes < machine.measured.memory_bytes


def test_a_forecast_follows_the_resources(
    client: TrainerClient, endless: dict[str, Any], wait_until: Callable[..., Any]
) -> None:
    run = client.submit(with_cpus(endless, 2))
    assert not client.forecast([with_cpus(endless, 2)])[0].starts
    client.cancel(run, wait=True)
    wait_until(lambda: client.forecast([with_cpus(endless, 2)])[0].starts, "there is room again")


def test_a_full_disk_is_what_all_wait_for(
    daemon_home: Path, endless: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOSAIC_DISK_LOW_MB", "1000000000")
    with TrainerClient.connect(daemon_home) as client:
        (found,) = client.forecast([endless])
        assert not found.starts
        assert found.sentence.startswith("waits for disk space")


def test_a_config_that_is_not_valid_has_no_forecast(client: TrainerClient, random_config: Any) -> None:
    with pytest.raises(ConfigError):
        client.forecast([random_config(env_id=3)])
    with pytest.raises(ConfigError):
        client.forecast([])


def test_a_dry_run_says_when_it_would_start(client: TrainerClient, endless: dict[str, Any], daemon_home: Path) -> None:
    run = client.submit(with_cpus(endless, 2))
    command = [str(Path(sys.executable).with_name("mosaic")), "train", "random", "--dry-run", "--no-check"]
    told = subprocess.run([*command, "--cpus", "2"], capture_output=True, text=True, check=True).stdout
    assert "nothing was started; it would wait: waits for 2 of 2 cores, 0 free; held by " + run in told
    document = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert document["runs"][0]["forecast"]["starts"] is False
    client.cancel(run, wait=True)
    client.shutdown()
    alone = json.loads(subprocess.run([*command, "--json"], capture_output=True, text=True, check=True).stdout)
    assert alone["runs"][0]["forecast"] is None, "no daemon is started to tell"
