"""Replays of the daemon: few at a time, kept for a second look, ended with their reader."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

import psutil
import pytest
from waiting import eventually

from gym_gui.reading import ReplayEnd, ReplayFrame, ReplayQuery, ReplayStart, ReplayUpdate
from gym_gui.trainer import replays
from gym_gui.trainer.replays import Replays


def updates(*sizes: int) -> list[ReplayUpdate]:
    frames = [
        ReplayUpdate(frame=ReplayFrame(number=number, media_type="image/png", data=b"x" * size))
        for number, size in enumerate(sizes)
    ]
    start = ReplayUpdate(start=ReplayStart(source="simulation", steps=len(sizes)))
    return [start, *frames, ReplayUpdate(end=ReplayEnd(outcome="reproduced", frames=len(sizes)))]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The episodes that were played, in place of real programs; an episode's number is the size of its picture."""
    numbers: list[int] = []

    def play(folder: Any, query: ReplayQuery, *, stop: Any) -> Any:
        numbers.append(query.episode)
        yield from updates(query.episode)

    monkeypatch.setattr(replays, "replay_episode", play)
    return numbers


class Folder:
    run_id = "run"


async def read(kept: Replays, episode: int) -> list[ReplayUpdate]:
    return [update async for update in kept.replay(Folder(), ReplayQuery(episode))]  # type: ignore[arg-type]


def test_a_second_look_plays_nothing(played: list[int]) -> None:
    async def look() -> None:
        kept = Replays()
        first = await read(kept, 7)
        assert await read(kept, 7) == first == updates(7)
        assert not kept.busy

    asyncio.run(look())
    assert played == [7]


def test_what_is_kept_is_bounded(played: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "_KEPT_EACH", 60)
    monkeypatch.setattr(replays, "_KEPT", 100)

    async def look() -> None:
        kept = Replays()
        for episode in (50, 51, 50, 51, 70, 70):
            await read(kept, episode)

    asyncio.run(look())
    assert played == [50, 51, 50, 51, 70, 70]


def test_what_is_kept_is_dropped_in_time(played: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "_KEPT_S", 0.0)

    async def look() -> None:
        kept = Replays()
        await read(kept, 5)
        await asyncio.sleep(0.01)
        await read(kept, 5)

    asyncio.run(look())
    assert played == [5, 5]


@pytest.mark.process
@pytest.mark.parametrize("cancelled", [False, True])
def test_a_reader_that_goes_away_ends_the_program(
    recorded_run: Callable[..., Any], walks: Any, cancelled: bool
) -> None:
    run = recorded_run(env_kwargs={"fault": "hangs"})

    def play(env: Any) -> None:
        env.reset(seed=1)
        for _ in range(8):
            env.step(1)

    run.record(walks.Walk(), play)
    (episode,) = [row[0] for row in run.query("SELECT id FROM episodes")]

    async def look() -> None:
        kept = Replays()
        seen = []

        async def follow() -> None:
            async with contextlib.aclosing(kept.replay(run.folder, ReplayQuery(episode))) as pictures:
                async for update in pictures:
                    seen.append(update)
                    if not cancelled and len(seen) == 2:
                        return

        task = asyncio.create_task(follow())
        while len(seen) < 4 and not task.done():  # it hangs after the third picture
            await asyncio.sleep(0.02)
        assert kept.busy is cancelled
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not kept.busy

    asyncio.run(look())
    eventually(lambda: not programs(), "no program is left", 10.0)


def programs() -> list[int]:
    found = []
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):  # it has ended meanwhile
            if any("resimulate.py" in word for word in child.cmdline()):
                found.append(child.pid)
    return found
