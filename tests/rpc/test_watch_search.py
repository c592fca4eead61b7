"""A watched search shows runs as they come, change and go, through restarts of the daemon."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from gym_gui.core.worker.errors import ConfigError
from gym_gui.reading.pages import RunRow, SearchUpdate
from gym_gui.reading.search import Search
from gym_gui.rpc.aio_client import AsyncTrainerClient
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.annotation import AnnotationChange
from gym_gui.runs.states import RunState

Config = Callable[..., dict[str, Any]]


class View:
    """A page as a reader has it who takes every update.

    Args:
        updates: The updates.
    """

    def __init__(self, updates: Iterator[SearchUpdate]) -> None:
        self._updates = updates
        self.rows: dict[str, RunRow] = {}
        self.update = SearchUpdate(total=0)

    def until(self, condition: Callable[[View], bool]) -> None:
        """Take updates until a condition holds."""
        while True:
            self.update = next(self._updates)
            self.rows |= {row.run.run_id: row for row in self.update.runs}
            self.rows = {run_id: self.rows[run_id] for run_id in self.update.run_ids}
            if condition(self):
                return

    def state(self, run_id: str) -> RunState | None:
        return self.rows[run_id].run.state if run_id in self.rows else None


def test_runs_come_change_and_go(client: TrainerClient, daemon_home: Path, endless: dict[str, Any]) -> None:
    with TrainerClient.connect(daemon_home) as other:
        view = View(other.watch_search(Search("name:test", curve_points=8)))
        view.until(lambda view: view.update.total == 0)
        run_id = client.submit(endless)
        view.until(lambda view: view.update.run_ids == [run_id])
        view.until(lambda view: view.state(run_id) is RunState.RUNNING and view.rows[run_id].run.steps > 0)
        steps = view.rows[run_id].run.steps
        view.until(lambda view: view.rows[run_id].run.steps > steps)
        client.annotate(run_id, AnnotationChange(starred=True))
        view.until(lambda view: view.rows[run_id].run.starred)
        view.until(lambda view: bool(view.rows[run_id].curve))
        client.cancel(run_id)
        view.until(lambda view: view.state(run_id) is RunState.CANCELLED)
        client.annotate(run_id, AnnotationChange(starred=False))
        view.until(lambda view: not view.rows[run_id].run.starred)
        client.delete(run_id)
        view.until(lambda view: view.update.run_ids == [] and view.update.total == 0)


def test_runs_enter_and_leave_as_their_state_changes(client: TrainerClient, random_config: Config) -> None:
    running = View(client.watch_search(Search("state:running")))
    groups = View(client.watch_search(Search(group_by=("state",))))
    running.until(lambda view: view.update.total == 0)
    groups.until(lambda view: view.update.groups_total == 0)
    run_id = client.submit(random_config(total_steps=400, step_rate=200.0))
    running.until(lambda view: view.update.run_ids == [run_id])
    running.until(lambda view: view.update.run_ids == [])
    groups.until(lambda view: any(group.key == {"state": ["completed"]} for group in view.update.groups))
    assert groups.update.groups_changed


def test_a_watch_goes_on_with_the_next_daemon(client: TrainerClient, random_config: Config) -> None:
    first = client.submit(random_config(total_steps=5))
    view = View(client.watch_search(Search()))
    view.until(lambda view: view.state(first) is RunState.COMPLETED)
    os.kill(client.status().pid, signal.SIGKILL)
    view.until(lambda view: [row.run.run_id for row in view.update.runs] == [first])  # the whole page again
    second = client.submit(random_config(total_steps=5))
    view.until(lambda view: view.state(second) is RunState.COMPLETED)


def test_the_daemon_counts_its_readers_and_forgets_them(client: TrainerClient, daemon_home: Path) -> None:
    async def act() -> None:
        async with await AsyncTrainerClient.connect(daemon_home) as other:
            watches = [other.watch_search(Search()) for _ in range(3)]
            for watch in watches:
                assert (await anext(watch)).total == 0
            assert client.status().watchers == 3
            for watch in watches:
                await watch.aclose()  # type: ignore[attr-defined]
            with pytest.raises(ConfigError, match="character 1"):
                await anext(other.watch_search(Search("retrun>4")))

    asyncio.run(act())
    eventually(lambda: client.status().watchers == 0)
