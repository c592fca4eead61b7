"""A run's CPU and memory over time come from what supervises it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from daemons import client, daemon_home, endless, random_config, wait_until, worker_records

from gym_gui.reading.series import SeriesRequest
from gym_gui.rpc.client import TrainerClient

__all__ = ["client", "daemon_home", "endless", "random_config", "wait_until", "worker_records"]


def test_cpu_and_memory_of_a_run_are_series(
    client: TrainerClient, endless: dict[str, Any], wait_until: Callable[..., Any]
) -> None:
    limits = {"heartbeat_timeout_s": 2.0, "shutdown_timeout_s": 3.0}
    endless["metadata"]["worker"]["config"]["heartbeat_interval_s"] = 0.2
    run_id = client.submit({**endless, "limits": limits})  # a short timeout is sampled often

    def found() -> dict[str, Any]:
        return {each.name: each for each in client.series_names(run_id) if each.kind == "system"}

    wait_until(lambda: found().get("system/cpu"), "there are two samples")
    assert set(found()) >= {"system/cpu", "system/memory"}
    client.cancel(run_id, wait=True)
    cpu, memory = client.series([run_id], SeriesRequest(names=("system/cpu", "system/memory"), x="relative"))
    (line,) = memory.lines
    assert (line.worker_id, line.attempt) == ("000001", 1)
    assert min(line.low) > 1 << 20
    assert 0 <= line.first_x[0] < 60
    assert all(share >= 0 for share in cpu.lines[0].mean)
