from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from gym_gui.runs.folder import UnknownRunError
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary
from gym_gui.trainer.board import RunBoard
from gym_gui.trainer.registry import Registry


@pytest.fixture
def board(tmp_path: Path) -> Iterator[RunBoard]:
    board = RunBoard(Registry(tmp_path / "registry.db"))
    yield board
    board.registry.close()


def entered(board: RunBoard, run_id: str) -> RunSummary:
    run = board.registry.add(RunSummary(run_id=run_id, state=RunState.RUNNING))
    board.enter(run)
    return run


def changed(run: RunSummary, report: int, **fields: object) -> RunSummary:
    return msgspec.structs.replace(run, report=report, **fields)


def test_only_newer_values_are_taken(board: RunBoard) -> None:
    run = entered(board, "A")
    assert board.publish(changed(run, 2, steps=20))
    assert not board.publish(changed(run, 1, steps=10))
    assert board.get("A").steps == 20


def test_the_end_is_final(board: RunBoard) -> None:
    run = entered(board, "A")
    assert board.publish(changed(run, 2, state=RunState.FAILED))
    assert not board.publish(changed(run, 3, state=RunState.RUNNING))
    board.forget("A")
    assert not board.publish(changed(run, 4, state=RunState.RUNNING))
    assert board.get("A").state is RunState.FAILED


def test_a_value_keeps_its_place_in_the_list_whatever_the_proxy_says(board: RunBoard) -> None:
    entered(board, "A")
    run = entered(board, "B")
    board.publish(changed(run, 1, sequence=77))
    assert board.get("B").sequence == 2


def test_changes_reach_the_registry_at_the_next_flush_and_states_at_once(board: RunBoard) -> None:
    run = entered(board, "A")
    board.publish(changed(run, 1, steps=5))
    stored = board.registry.get("A")
    assert stored is not None
    assert stored.steps == 0
    board.flush()
    stored = board.registry.get("A")
    assert stored is not None
    assert stored.steps == 5
    board.publish(changed(run, 2, steps=9, state=RunState.PAUSED))
    stored = board.registry.get("A")
    assert stored is not None
    assert (stored.steps, stored.state) == (9, RunState.PAUSED)


def test_unknown_runs_cannot_be_watched(board: RunBoard) -> None:
    entered(board, "A")
    with pytest.raises(UnknownRunError), board.watch(["A", "B"]):
        pass
    assert board.watchers == 0
    assert not board.watched("A")


def test_a_watch_begins_with_the_present_and_ends_with_the_last_run(board: RunBoard) -> None:
    async def scenario() -> list[tuple[str, str]]:
        first, second = entered(board, "A"), entered(board, "B")
        seen = []
        with board.watch(["A", "B", "A"]) as watch:
            assert board.watchers == 1
            async for run in watch:
                seen.append((run.run_id, run.state.value))
                if seen[-1] == ("B", "running"):
                    board.publish(changed(first, 1, state=RunState.COMPLETED))
                if seen[-1] == ("A", "completed"):
                    board.publish(changed(second, 1, state=RunState.LOST))
        return seen

    assert asyncio.run(scenario()) == [
        ("A", "running"),
        ("B", "running"),
        ("A", "completed"),
        ("B", "lost"),
    ]
    assert board.watchers == 0


def test_a_slow_reader_gets_the_newest_value_and_nothing_piles_up(board: RunBoard) -> None:
    async def scenario() -> list[int]:
        run = entered(board, "A")
        seen = []
        with board.watch(["A"]) as watch:
            async for value in watch:
                seen.append(value.steps)
                if len(seen) == 1:
                    for number in range(1, 10_001):
                        board.publish(changed(run, number, steps=number))
                elif len(seen) == 2:
                    board.publish(changed(run, 20_000, steps=-1, state=RunState.COMPLETED))
        return seen

    assert asyncio.run(scenario()) == [0, 10_000, -1]


def test_proxies_are_told_when_somebody_comes_or_goes(board: RunBoard) -> None:
    entered(board, "A")
    told: list[str] = []
    with board.link("A", told.append):
        with board.watch(["A"]):
            assert told == ["A"]
            assert board.watched("A")
            with board.watch(["A"]):
                pass
            assert board.watched("A")
        assert not board.watched("A")
        told.clear()
        board.mark_urgent("A")
        assert told == ["A"]
        assert board.urgent("A")
        assert not board.watched("A")
    board.mark_urgent("A")
