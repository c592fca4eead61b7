"""The daemon's tasks begin again after failures."""

from __future__ import annotations

import asyncio
import logging

import pytest

from gym_gui.trainer.tasks import keep_going


def test_a_chore_that_fails_begins_again_and_is_told_less_and_less(caplog: pytest.LogCaptureFixture) -> None:
    begun = []

    async def chore() -> None:
        begun.append(1)
        await asyncio.sleep(0)
        if len(begun) <= 6:
            raise ValueError("oh")

    with caplog.at_level(logging.ERROR):
        asyncio.run(keep_going(chore, 0.0))
    assert len(begun) == 7
    assert [record.getMessage().split(" for the ")[1] for record in caplog.records] == [
        f"{number}. time: oh" for number in (1, 2, 4)
    ]


def test_a_chore_ends_when_it_is_cancelled() -> None:
    async def scene() -> None:
        task = asyncio.create_task(keep_going(lambda: asyncio.sleep(3600)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scene())
