"""Who watches runs sees them to their end, and holds nobody up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.states import RunState

Config = Callable[..., dict[str, Any]]


def test_a_stalled_watcher_delays_nobody(client: TrainerClient, daemon_home: Path, random_config: Config) -> None:
    run_id = client.submit(random_config(total_steps=600, step_rate=300.0))
    with TrainerClient.connect(daemon_home) as stalled:
        stuck = stalled.watch([run_id])
        next(stuck)
        seen = list(client.watch([run_id]))
        assert seen[-1].state is RunState.COMPLETED
        assert len(seen) > 5
        late = list(stuck)
        assert late[-1].state is RunState.COMPLETED


def test_many_watch_one_run_and_one_watches_many(client: TrainerClient, random_config: Config) -> None:
    run_ids = [client.submit(random_config(total_steps=200)) for _ in range(3)]
    ends: list[list[RunState]] = []

    def watch() -> None:
        last = {run.run_id: run.state for run in client.watch(run_ids)}
        ends.append([last[run_id] for run_id in run_ids])

    threads = [threading.Thread(target=watch) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert ends == [[RunState.COMPLETED] * 3] * 10


def test_a_watch_of_ended_runs_ends_at_once(client: TrainerClient, random_config: Config) -> None:
    run_id = client.submit(random_config(total_steps=5))
    list(client.watch([run_id]))
    (again,) = client.watch([run_id])
    assert again.state is RunState.COMPLETED
