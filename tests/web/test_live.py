"""Streams of changes: what waits to be sent, and feeds that fail."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.web.api.live import Outbox, _kept


def test_nothing_in_time_is_an_empty_answer() -> None:
    async def main() -> list[Any]:
        outbox = Outbox()
        first = await outbox.take(0.01)
        outbox.put("run", "a", 1)
        outbox.put("run", "a", 2)
        return [first, await outbox.take(60.0), await outbox.take(0.01)]

    assert asyncio.run(main()) == [[], [("run", 2)], []]


def test_a_feed_that_fails_says_so_and_begins_again(caplog: pytest.LogCaptureFixture) -> None:
    failures = [KeyError("oh"), MosaicError("the daemon is gone")]
    faults: list[Any] = []

    async def main() -> None:
        outbox = Outbox()

        async def feed() -> None:
            faults.extend(await outbox.take(0.0))
            if failures:
                raise failures.pop(0)

        await _kept(outbox, "run", feed, waits_s=(0.0, 0.0))

    with caplog.at_level(logging.ERROR):
        asyncio.run(main())
    assert [(topic, value["status"], value["error"]["what"]) for topic, value in faults] == [
        ("fault", 503, "the web server failed: KeyError"), ("fault", 503, "the daemon is gone")
    ]  # fmt: skip
    assert [(record.getMessage(), record.exc_info is not None) for record in caplog.records] == [
        ("the feed 'run' of a page failed", True)
    ]


def test_a_feed_that_cannot_be_ends() -> None:
    async def main() -> list[Any]:
        outbox = Outbox()

        async def feed() -> None:
            raise UsageError("there is no such run")

        await _kept(outbox, "run", feed)
        return await outbox.take(0.0)

    (fault,) = asyncio.run(main())
    assert fault[1]["status"] == 409
