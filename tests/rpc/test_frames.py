"""Live frames of real workers over a real daemon: looked at, switched, and refused with the reason."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from waiting import eventually

from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.reading import PictureRequest
from gym_gui.rpc.aio_client import AsyncTrainerClient
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunState
from gym_gui.runs.folder import RunFolder

Config = Callable[..., dict[str, Any]]


@pytest.fixture
def shown(random_config: Config) -> dict[str, Any]:
    """A run config of two workers that show their environments until they are cancelled."""
    config = random_config(total_steps=10**9, step_rate=500.0, steps="none", render="on")
    worker = config["metadata"].pop("worker")
    other = {**worker, "config": {**worker["config"], "num_envs": 4, "worker_id": "vector"}}
    config["metadata"]["workers"] = [{**worker, "config": {**worker["config"], "worker_id": "one"}}, other]
    return {**config, "limits": {"shutdown_timeout_s": 3.0}}


def state_of(client: TrainerClient, run_id: str, worker_id: str) -> str:
    return next(source.state for source in client.frames(run_id) if source.worker_id == worker_id)


def test_two_workers_are_looked_at_switched_and_end(
    client: TrainerClient, daemon_home: Path, shown: dict[str, Any]
) -> None:
    run_id = client.submit(shown)
    eventually(lambda: [source.state for source in client.frames(run_id)] == ["live", "live"], "both workers show")
    assert [source.environments for source in client.frames(run_id)] == [1, 4]
    assert [source.number for source in client.frames(run_id)] == [0, 0], "nobody looks"

    pictures = client.watch_frames(run_id, PictureRequest(worker_id="one", width=300))
    first, second = next(pictures), next(pictures)
    assert second.number > first.number
    assert (first.width, first.height, first.columns) == (600, 400, 1)
    picture = Image.open(io.BytesIO(second.jpeg))
    assert picture.size == (300, 200)
    assert np.asarray(picture).std() > 5, "there is something in it"
    assert [source.number > 0 for source in client.frames(run_id)] == [True, False], "the other one is not looked at"
    del pictures

    grid = next(client.watch_frames(run_id, PictureRequest(worker_id="vector")))
    assert (grid.columns, grid.width, grid.height) == (2, 600, 400), "thinned, so that it fits"
    client.switch_frames(run_id, "vector", layout="single", place=2)
    for picture_of_one in client.watch_frames(run_id, PictureRequest(worker_id="vector")):
        if picture_of_one.columns == 1:
            break

    switched = client.switch_frames(run_id, "one", on=False)
    assert [(source.state, source.on) for source in switched] == [("off", False), ("live", True)]
    client.switch_frames(run_id, on=True)
    assert state_of(client, run_id, "one") == "live"

    ring = RunFolder.of(daemon_home, run_id).frame_ring("one")
    assert ring.stat().st_size <= 8_000_000
    client.cancel(run_id, wait=True)
    assert [source.state for source in client.frames(run_id)] == ["gone", "gone"]
    last = list(client.watch_frames(run_id, PictureRequest(worker_id="one")))
    assert len(last) == 1, "the last picture is still there, and the stream ends"
    assert ring.exists()


def test_a_killed_worker_is_gone_and_its_next_attempt_shows_again(client: TrainerClient, shown: dict[str, Any]) -> None:
    shown["limits"] |= {"max_attempts": 2}
    run_id = client.submit(shown)
    eventually(lambda: state_of(client, run_id, "one") == "live", "it shows")
    number = next(client.watch_frames(run_id, PictureRequest(worker_id="one"))).number
    worker = client.get(run_id).workers[0]
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    eventually(
        lambda: client.get(run_id).workers[0].attempt == 2 and state_of(client, run_id, "one") == "live", "again"
    )
    for picture in client.watch_frames(run_id, PictureRequest(worker_id="one")):
        if picture.number > number:
            break
    client.cancel(run_id, wait=True)


def test_what_cannot_be_shown_is_refused_with_the_reason(client: TrainerClient, random_config: Config) -> None:
    plain = client.submit(random_config(total_steps=10**9, step_rate=100.0, steps="none"))
    with pytest.raises(UsageError, match="started without live frames") as refusal:
        next(client.watch_frames(plain))
    assert "--render on" in refusal.value.next_step
    with pytest.raises(UsageError, match="started without live frames"):
        client.switch_frames(plain, on=True)
    with pytest.raises(UsageError, match="no worker 'x'"):
        next(client.watch_frames(plain, PictureRequest(worker_id="x")))
    with pytest.raises(ConfigError, match="fps"):
        next(client.watch_frames(plain, PictureRequest(fps=1000)))
    with pytest.raises(ConfigError, match="layout"):
        client.switch_frames(plain, layout="circle")

    kwargs = {"render_mode": "ansi"}
    text = client.submit(
        random_config(
            env_id="FrozenLake-v1", total_steps=10**9, step_rate=100.0, steps="none", render="on", env_kwargs=kwargs
        )
    )
    eventually(lambda: state_of(client, text, "000001") == "unable", "it says so")
    with pytest.raises(UsageError, match="its render_mode is 'ansi'"):
        next(client.watch_frames(text))
    for run_id in (plain, text):
        client.cancel(run_id, wait=True)


async def look(client: AsyncTrainerClient, run_id: str) -> int:
    async for picture in client.watch_frames(run_id, PictureRequest(fps=5)):
        return picture.number
    return 0


def test_the_asyncio_client_looks_too(client: TrainerClient, daemon_home: Path, random_config: Config) -> None:
    run_id = client.submit(random_config(total_steps=10**9, step_rate=200.0, steps="none", render="on"))
    eventually(lambda: client.get(run_id).state is RunState.RUNNING, "it runs")

    async def run() -> int:
        async with await AsyncTrainerClient.connect(daemon_home) as other:
            assert (await other.switch_frames(run_id, on=True))[0].on
            assert len(await other.frames(run_id)) == 1
            return await look(other, run_id)

    eventually(lambda: state_of(client, run_id, "000001") == "live", "it shows")
    assert asyncio.run(run()) > 0
    client.cancel(run_id, wait=True)
