"""An episode of a real run is played again by the daemon, for both clients."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.reading import EpisodeQuery, ReplayQuery, ReplayUpdate
from gym_gui.rpc.aio_client import AsyncTrainerClient
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.folder import RunFolder


def test_an_episode_is_played_again(
    client: TrainerClient, daemon_home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    run_id = client.submit(random_config(episodes=2, observations=True))
    for _ in client.watch([run_id]):
        pass
    folder = RunFolder.of(daemon_home, run_id)
    before = files(folder)
    episode = client.episodes(run_id, EpisodeQuery()).episodes[-1]
    assert episode.steps is not None
    updates = list(client.replay(run_id, ReplayQuery(episode.id, max_side=100)))
    assert updates[0].start is not None
    end = updates[-1].end
    assert end is not None
    assert (end.outcome, end.frames, end.compared) == ("reproduced", episode.steps + 1, episode.steps)
    frames = [update.frame for update in updates if update.frame is not None]
    assert [frame.number for frame in frames] == list(range(episode.steps + 1))
    assert all(frame.data.startswith(b"\x89PNG") for frame in frames)

    async def again() -> list[ReplayUpdate]:
        async with await AsyncTrainerClient.connect(daemon_home) as other:
            return [update async for update in other.replay(run_id, ReplayQuery(episode.id, max_side=100))]

    kept = asyncio.run(again())
    assert [update for update in updates if update.progress is None] == kept
    assert files(folder) == before
    with pytest.raises(UsageError, match="no episode"):
        list(client.replay(run_id, ReplayQuery(1)))
    with pytest.raises(ConfigError, match="max_side"):
        client.replay(run_id, ReplayQuery(episode.id, max_side=-1))


def files(folder: RunFolder) -> list[str]:
    return sorted(str(path) for path in folder.path.rglob("*") if not path.name.startswith("telemetry.db-"))
