from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path

import pytest
from capacities import new_dispatcher

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.ids import new_run_id
from gym_gui.runs.plan import RunPlan, WorkerPlan, save_plan
from gym_gui.runs.summary import RunSummary
from gym_gui.runs.supervisor_log import SupervisorLog
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.housekeeping import Housekeeping
from gym_gui.trainer.live_marks import LiveRuns
from gym_gui.trainer.log_retention import LogRetention
from gym_gui.trainer.reconcile import reconcile
from gym_gui.trainer.registry import Registry


def ended_run(home: Path) -> str:
    """Write a run that has ended and that no registry has."""
    run_id = new_run_id()
    folder = RunFolder.of(home, run_id)
    folder.create()
    workers = [WorkerPlan(worker_no=1, worker_id="a", worker_type="t", argv=["true"])]
    save_plan(folder, RunPlan(run_id=run_id, run_name="r", digest="d", created_at=1.0, config={}, workers=workers))
    log = SupervisorLog(folder.supervisor_log)
    log.append("exit", worker_id="a", attempt=1, state="completed", cause="x")
    log.append("state", state="completed", cause="x")
    log.close()
    return run_id


@pytest.fixture
def registry(home: Path) -> Registry:
    return Registry(home / "registry.db")


def test_what_the_registry_refuses_is_entered_later(home: Path, registry: Registry) -> None:
    ids = [ended_run(home) for _ in range(3)]

    async def scene() -> None:
        board = RunBoard(registry)
        dispatcher = new_dispatcher(board, {}, 1, home)
        keeper = LogRetention(home, LiveRuns(home / "runs"))
        chores = Housekeeping(home, board, dispatcher, None, lambda: None, keeper)
        chores.backlog.add(reconcile(home, registry).unread)
        registry._db.execute("PRAGMA query_only = 1")
        with pytest.raises(sqlite3.OperationalError):
            await chores.run()
        registry._db.execute("PRAGMA query_only = 0")
        chore = asyncio.create_task(chores.run())
        while registry.count() < len(ids):
            await asyncio.sleep(0.01)
        chore.cancel()

    asyncio.run(scene())
    assert [run.run_id for run in registry.list()] == ids[::-1]


def test_what_was_entered_before_the_registry_refused_is_not_entered_again(
    home: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [ended_run(home) for _ in range(3)]
    asked: list[str] = []
    add = registry.add

    def full_at_the_second(run: RunSummary) -> RunSummary:
        asked.append(run.run_id)
        if len(asked) == 2:
            raise sqlite3.OperationalError("database or disk is full")
        return add(run)

    monkeypatch.setattr(registry, "add", full_at_the_second)

    async def scene() -> None:
        board = RunBoard(registry)
        keeper = LogRetention(home, LiveRuns(home / "runs"))
        chores = Housekeeping(home, board, new_dispatcher(board, {}, 1, home), None, lambda: None, keeper)
        chores.backlog.add(reconcile(home, registry).unread)
        with pytest.raises(sqlite3.OperationalError):
            await chores.run()
        chore = asyncio.create_task(chores.run())
        while registry.count() < len(ids):
            await asyncio.sleep(0.01)
        chore.cancel()

    asyncio.run(scene())
    assert asked == [ids[2], ids[1], ids[1], ids[0]]


def test_a_run_that_is_submitted_before_old_ones_are_entered_takes_no_number_of_theirs(
    home: Path, registry: Registry
) -> None:
    old = [ended_run(home) for _ in range(3)]
    unread = reconcile(home, registry).unread
    new = registry.add(RunSummary(run_id="NEW"))
    for sequence, run_id in unread:
        registry.add(RunSummary(run_id=run_id, sequence=sequence))
    assert [run.run_id for run in registry.list()] == ["NEW", *old[::-1]]
    assert new.sequence == 4
