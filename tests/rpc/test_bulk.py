"""The same for many runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.rpc import AsyncTrainerClient, TrainerClient, archive_run, find_runs, for_each_run

pytestmark = pytest.mark.process


@pytest.fixture
def ended(client: TrainerClient, random_config: Callable[..., dict[str, Any]]) -> list[str]:
    """Two runs that have ended."""
    ids = [client.submit(random_config(f"run {seed}", total_steps=50, seed=seed)) for seed in (1, 2)]
    for _ in client.watch(ids):
        pass
    return ids


def with_client(home: Path, act: Callable[[AsyncTrainerClient], Awaitable[Any]]) -> Any:
    async def do() -> Any:
        async with await AsyncTrainerClient.connect(home) as client:
            return await act(client)

    return asyncio.run(do())


def test_runs_are_found_in_the_order_that_they_are_named(daemon_home: Path, ended: list[str]) -> None:
    gone = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    many = [gone] * 120 + [ended[1], ended[0]]
    found = with_client(daemon_home, lambda client: find_runs(client, many))
    assert [run.run_id for run in found] == [ended[1], ended[0]]


def test_refusals_are_told_by_run_and_stop_no_others(
    daemon_home: Path, client: TrainerClient, ended: list[str]
) -> None:
    gone = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    delete = AsyncTrainerClient.delete
    refused = with_client(daemon_home, lambda link: for_each_run(link, [ended[0], gone, ended[1]], delete))
    assert list(refused) == [gone]
    assert client.list() == []


def test_archiving_ends_with_the_archive(daemon_home: Path, client: TrainerClient, ended: list[str]) -> None:
    refused = with_client(daemon_home, lambda link: for_each_run(link, ended[:1], archive_run))
    assert refused == {}
    assert [run.run_id for run in client.list()] == ended[1:]
    assert any(ended[0] in path.name for path in (daemon_home / "archive").iterdir())
    refused = with_client(daemon_home, lambda link: for_each_run(link, ended[:1], archive_run))
    assert list(refused) == ended[:1]
