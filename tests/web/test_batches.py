"""Messages of programs are passed on together while the daemon is busy; each gets its own answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from gym_gui.core.worker.errors import MosaicError
from gym_gui.fleet import Answer
from gym_gui.web.batches import Batches


class Daemon:
    """Takes calls and answers each with its own body, when it is let."""

    def __init__(self) -> None:
        self.taken: list[list[bytes]] = []
        self.free = asyncio.Event()
        self.broken = False

    async def send(self, calls: Sequence[tuple[str, bytes]]) -> list[Answer]:
        self.taken.append([data for _peer, data in calls])
        await self.free.wait()
        if self.broken:
            raise MosaicError("the daemon is gone")
        return [Answer(200, {"peer": peer}, data) for peer, data in calls]


def test_what_comes_while_the_daemon_is_busy_is_passed_on_together() -> None:
    async def talk() -> None:
        daemon = Daemon()
        batches = Batches(daemon.send)
        first = asyncio.create_task(batches.call("a", b"1"))
        await asyncio.sleep(0)
        others = [asyncio.create_task(batches.call("b", b"%d" % number)) for number in range(2, 5)]
        await asyncio.sleep(0)
        daemon.free.set()
        answers = await asyncio.gather(first, *others)
        assert daemon.taken == [[b"1"], [b"2", b"3", b"4"]]
        assert [answer.data for answer in answers] == [b"1", b"2", b"3", b"4"]
        assert [answer.body["peer"] for answer in answers] == ["a", "b", "b", "b"]
        assert (await batches.call("c", b"5")).data == b"5"  # after a pause

    asyncio.run(talk())


def test_where_many_come_they_are_collected_for_a_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gym_gui.web.batches._PAUSE_S", 1.0)

    async def talk() -> None:
        daemon = Daemon()
        daemon.free.set()
        batches = Batches(daemon.send)

        async def come_one_after_the_other(count: int) -> None:
            calls = []
            for number in range(count):
                calls.append(asyncio.create_task(batches.call("", b"%d" % number)))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            await asyncio.gather(*calls)

        await asyncio.gather(*(batches.call("", b"") for _ in range(4)))
        await come_one_after_the_other(50)
        assert [len(calls) for calls in daemon.taken] == [4, 50]

    asyncio.run(talk())


def test_a_batch_is_bounded() -> None:
    async def talk() -> None:
        daemon = Daemon()
        daemon.free.set()
        batches = Batches(daemon.send)
        large = b"x" * (2 << 20)
        await asyncio.gather(*(batches.call("", large) for _ in range(3)), *(batches.call("", b"") for _ in range(600)))
        assert [len(calls) for calls in daemon.taken][:3] == [1, 1, 1]
        assert max(map(len, daemon.taken)) <= 256
        assert sum(map(len, daemon.taken)) == 603

    asyncio.run(talk())


def test_every_caller_learns_that_the_daemon_is_gone_and_the_next_one_is_served() -> None:
    async def talk() -> None:
        daemon = Daemon()
        daemon.broken = True
        batches = Batches(daemon.send)
        calls = [asyncio.create_task(batches.call("", b"")) for _ in range(3)]
        await asyncio.sleep(0)
        calls[1].cancel()  # its client has left
        daemon.free.set()
        found = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(each) for each in found] == [MosaicError, asyncio.CancelledError, MosaicError]
        daemon.broken = False
        assert (await batches.call("", b"x")).data == b"x"

    asyncio.run(talk())


def test_answers_are_not_mixed_up() -> None:
    async def talk() -> None:
        daemon = Daemon()
        daemon.free.set()
        batches = Batches(daemon.send)

        async def one(each: int) -> bool:
            await asyncio.sleep(each % 7 * 0.001)
            return (await batches.call("", b"%d" % each)).data == b"%d" % each

        assert all(await asyncio.gather(*(one(each) for each in range(500))))

    asyncio.run(talk())
