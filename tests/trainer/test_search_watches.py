"""Watched searches are evaluated when runs change, once for all readers, and queue nothing for slow ones."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError
from gym_gui.reading.pages import Page, RunRow, SearchUpdate
from gym_gui.reading.search import Search
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary
from gym_gui.trainer import search_watches
from gym_gui.trainer.changes import Changes
from gym_gui.trainer.search_watches import SearchWatches


class Runs:
    """Some runs, and how often they were searched."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.runs: dict[str, RunSummary] = {}
        self.evaluations = self.readers = 0
        self.keeps: list[bool] = []
        self.failures: list[Exception] = []
        self.watches = SearchWatches(self.evaluate, self.changes, self.count, self.keeps.append)

    def count(self, readers: int) -> None:
        self.readers = readers

    def put(self, run_id: str, **fields: Any) -> None:
        self.runs[run_id] = RunSummary(run_id=run_id, **fields)
        self.changes.note([run_id])

    async def evaluate(self, _: Search) -> tuple[Page, float]:
        self.evaluations += 1
        await asyncio.sleep(0)
        if self.failures:
            raise self.failures.pop()
        return Page(runs=[RunRow(run=run) for run in self.runs.values()], total=len(self.runs)), 0.0


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("MIN_PAUSE_S", 0.01), ("ROW_S", 0.0), ("RETRY_S", 0.01)):
        monkeypatch.setattr(search_watches, name, value)


def do(act: Callable[[Runs], Any]) -> Runs:
    runs = Runs()

    async def main() -> None:
        await asyncio.wait_for(act(runs), 20)

    asyncio.run(main())
    return runs


async def settled() -> None:
    await asyncio.sleep(0.1)


async def closed(*watches: AsyncIterator[SearchUpdate]) -> None:
    for watch in watches:
        await watch.aclose()  # type: ignore[attr-defined]


def test_the_first_update_is_whole_and_others_have_what_changed() -> None:
    async def act(runs: Runs) -> None:
        runs.put("a")
        runs.put("b")
        watch = runs.watches.watch(Search())
        first = await anext(watch)
        assert (first.run_ids, [row.run.run_id for row in first.runs], first.total) == (["a", "b"], ["a", "b"], 2)
        runs.put("b", steps=1)
        second = await anext(watch)
        assert (second.run_ids, [row.run.steps for row in second.runs]) == (["a", "b"], [1])
        del runs.runs["a"]
        runs.changes.note(["a"])
        third = await anext(watch)
        assert (third.run_ids, third.runs, third.total) == (["b"], [], 1)
        assert runs.readers == 1
        await closed(watch)
        assert (runs.readers, runs.keeps) == (0, [True])

    do(act)


def test_nothing_is_evaluated_while_nothing_changes() -> None:
    async def act(runs: Runs) -> None:
        runs.put("a")
        watch = runs.watches.watch(Search())
        await anext(watch)
        waiting = asyncio.ensure_future(anext(watch))
        await settled()
        assert runs.evaluations == 1
        runs.changes.note(["a"])  # a change that this page does not show
        await settled()
        assert runs.evaluations == 2
        assert not waiting.done()
        runs.put("b")
        assert (await waiting).run_ids == ["a", "b"]
        await closed(watch)

    do(act)


def test_all_who_watch_the_same_share_its_evaluations() -> None:
    async def act(runs: Runs) -> None:
        watches = [runs.watches.watch(Search()) for _ in range(20)]
        await asyncio.gather(*map(anext, watches))
        for number in range(3):
            waiting = asyncio.gather(*map(anext, watches))
            await settled()
            runs.put(str(number))
            updates = await waiting
            assert all(update is updates[0] for update in updates)
        assert runs.readers == 20
        assert runs.evaluations == 4
        await closed(*watches)

    do(act)


def test_a_stalled_reader_costs_nothing_and_gets_the_newest_page() -> None:
    async def act(runs: Runs) -> None:
        stalled, other = runs.watches.watch(Search()), runs.watches.watch(Search())
        await anext(stalled)
        await anext(other)
        for number in range(5):
            runs.put(str(number))
            assert str(number) in (await anext(other)).run_ids
        await closed(other)
        evaluations = runs.evaluations
        for number in range(50):
            runs.put("x", steps=number)
            await asyncio.sleep(0.002)
        assert runs.evaluations <= evaluations + 1  # at most the one that was waited for
        last = await anext(stalled)
        if "x" not in last.run_ids or last.runs[-1].run.steps < 49:
            last = await anext(stalled)
        assert [row.run.run_id for row in last.runs][-1] == "x"
        assert last.runs[-1].run.steps == 49
        await closed(stalled)

    do(act)


def test_a_new_reader_gets_what_is_true_now() -> None:
    async def act(runs: Runs) -> None:
        stalled = runs.watches.watch(Search())
        await anext(stalled)
        runs.put("a")
        await settled()
        late = runs.watches.watch(Search())
        assert (await anext(late)).run_ids == ["a"]
        await closed(stalled, late)

    do(act)


def test_a_search_that_is_not_valid_is_refused_and_one_that_fails_ends_its_readers() -> None:
    async def act(runs: Runs) -> None:
        with pytest.raises(ConfigError):
            await anext(runs.watches.watch(Search("retrun>4")))
        runs.failures = [ConfigError("the cursor is of another search", [])]
        watch = runs.watches.watch(Search())
        with pytest.raises(ConfigError, match="cursor"):
            await anext(watch)
        assert runs.readers == 0

    do(act)


def test_a_registry_that_cannot_be_read_now_is_read_again() -> None:
    async def act(runs: Runs) -> None:
        runs.failures = [sqlite3.OperationalError("database is locked")]
        watch = runs.watches.watch(Search())
        assert (await anext(watch)).total == 0
        runs.failures = [sqlite3.OperationalError("database is locked")]
        runs.put("a")
        assert (await anext(watch)).total == 1
        await closed(watch)

    do(act)


def test_what_depends_on_the_time_is_evaluated_as_time_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_watches, "CLOCK_S", 0.01)

    async def act(runs: Runs) -> None:
        watches = [runs.watches.watch(Search(text)) for text in ("age<1h", "created:..2h", "created:2026-11-28")]
        for watch in watches:
            await anext(watch)
        pages = [asyncio.ensure_future(anext(watch)) for watch in watches]
        await settled()
        runs.runs["a"] = RunSummary(run_id="a")  # without a note
        await pages[0]
        await pages[1]
        await settled()
        assert not pages[2].done()
        pages[2].cancel()
        await asyncio.gather(*pages, return_exceptions=True)
        await closed(*watches)

    do(act)


def test_progress_of_a_run_waits_and_a_new_state_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_watches, "ROW_S", 1000.0)

    async def act(runs: Runs) -> None:
        runs.put("a", state=RunState.RUNNING)
        watch = runs.watches.watch(Search())
        await anext(watch)
        waiting = asyncio.ensure_future(anext(watch))
        for steps in range(5):
            runs.put("a", state=RunState.RUNNING, steps=steps)
            await asyncio.sleep(0.03)
        assert not waiting.done()
        runs.put("a", state=RunState.RUNNING, steps=7, starred=True)
        assert (await waiting).runs[0].run.steps == 7
        runs.put("a", state=RunState.COMPLETED)
        assert (await anext(watch)).runs[0].run.state is RunState.COMPLETED
        monkeypatch.setattr(search_watches, "ROW_S", 0.05)
        runs.put("a", state=RunState.COMPLETED, steps=9)
        assert (await anext(watch)).runs[0].run.steps == 9
        await closed(watch)

    do(act)


def test_decoded_runs_are_dropped_a_while_after_the_last_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search_watches, "KEEP_S", 0.05)

    async def act(runs: Runs) -> None:
        for _ in range(2):
            watch = runs.watches.watch(Search())
            await anext(watch)
            await closed(watch)
        await settled()
        assert runs.keeps == [True, True, False]
        assert not runs.changes.heard

    do(act)
