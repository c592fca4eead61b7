"""The asyncio client does what the blocking one does, for many tasks at once, through restarts of the daemon."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.rpc.aio_client import AsyncTrainerClient
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.filter import RunFilter
from gym_gui.runs.states import RunState

Config = Callable[..., dict[str, Any]]


def test_a_run_from_submission_to_its_rows(daemon_home: Path, random_config: Config) -> None:
    async def act() -> None:
        async with await AsyncTrainerClient.connect(daemon_home) as client:
            assert await client.validate(random_config(total_steps=40)) == []
            run_id = await client.submit(random_config("one", total_steps=40), group="g")
            seen = [run.state async for run in client.watch([run_id])]
            assert seen[-1] is RunState.COMPLETED
            rows = [row async for batch in client.stream(run_id, max_rate=0) for row in batch.steps]
            assert len(rows) == 40
            assert [run.run_id for run in await client.list(RunFilter(group="g"), limit=None)] == [run_id]
            assert await client.resolve("latest") == run_id == (await client.get(run_id)).run_id
            assert (await client.why(run_id)).state is RunState.COMPLETED
            assert "random" in [worker.name for worker in await client.workers()]
            assert (await client.worker("random")).schema
            assert (await client.cancel(run_id)).state is RunState.COMPLETED
            await client.delete(run_id)
            assert await client.list() == []

    asyncio.run(act())


def test_errors_are_those_of_the_blocking_client(daemon_home: Path, random_config: Config) -> None:
    async def act() -> None:
        async with await AsyncTrainerClient.connect(daemon_home) as client:
            with pytest.raises(ConfigError, match="total_steps"):
                await client.submit(random_config(total_steps=-1))
            assert [problem.path for problem in await client.validate({"run_name": 1})]
            with pytest.raises(UsageError, match="there is no run"):
                await client.get("01ARZ3NDEKTSV4RRFFQ69G5FAV")
            with pytest.raises(UsageError, match="there is no run"):
                async for _ in client.watch(["01ARZ3NDEKTSV4RRFFQ69G5FAV"]):
                    pass

    asyncio.run(act())


def test_without_a_daemon_it_says_so(daemon_home: Path) -> None:
    with pytest.raises(UsageError, match="no trainer daemon runs"):
        asyncio.run(AsyncTrainerClient.connect(daemon_home, start=False))


def test_all_tasks_go_on_with_the_next_daemon(
    daemon_home: Path, client: TrainerClient, endless: dict[str, Any]
) -> None:
    run_id = client.submit(endless)

    async def act() -> None:
        async with await AsyncTrainerClient.connect(daemon_home) as others:
            watches = [asyncio.create_task(_last(others, run_id)) for _ in range(5)]
            async for run in others.watch([run_id]):
                if run.state is RunState.RUNNING:
                    break
            for _ in range(2):
                os.kill((await others.status()).pid, signal.SIGKILL)
                assert (await others.get(run_id)).run_id == run_id
            await others.cancel(run_id)
            assert await asyncio.gather(*watches) == [RunState.CANCELLED] * 5

    asyncio.run(act())


async def _last(client: AsyncTrainerClient, run_id: str) -> RunState:
    states = [run.state async for run in client.watch([run_id])]
    return states[-1]


def test_a_call_on_the_former_channel_is_not_cancelled_by_the_one_that_reconnects(daemon_home: Path) -> None:
    async def act() -> None:
        async with await AsyncTrainerClient.connect(daemon_home) as client:
            former, generation = client._channel, client._generation
            client._active[generation] += 1  # a call of another task that has not failed yet
            os.kill((await client.status()).pid, signal.SIGKILL)
            await client.status()
            assert client._generation > generation
            await asyncio.sleep(0.5)
            assert former.get_state() is not grpc.ChannelConnectivity.SHUTDOWN
            client._active[generation] -= 1
            while client._retired:
                await asyncio.sleep(0.05)
            assert former.get_state() is grpc.ChannelConnectivity.SHUTDOWN

    asyncio.run(act())
