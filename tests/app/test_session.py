"""A session's episodes go on after those that a run's database has."""

from __future__ import annotations

import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gym_gui.app import SessionController
from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, new_run_id


def test_ids_have_run_worker_and_index() -> None:
    run_id = new_run_id()
    session = SessionController()
    session.set_run_context(run_id, 2, None, "000007")
    assert session.next_episode_id() == f"{run_id}-w000007-ep000000"
    assert session.next_episode_id() == f"{run_id}-w000007-ep000001"
    with pytest.raises(MosaicError, match="2 episodes"):
        session.next_episode_id()


def test_without_a_run_the_next_step_is_told() -> None:
    with pytest.raises(UsageError, match="no run is set"):
        SessionController().next_episode_id()


@pytest.mark.process
def test_counting_goes_on_after_the_database(client: TrainerClient, daemon_home: Path, random_config: Any) -> None:
    run_id = client.submit(random_config(total_steps=300))
    for _ in client.watch([run_id]):
        pass
    run = client.get(run_id)
    database = RunFolder.of(daemon_home, run_id).database
    with closing(sqlite3.connect(database)) as connection:
        session = SessionController()
        session.set_run_context(run_id, 10_000, connection, "000001")
        assert session.counter.current_index == run.episodes - 1
        session.set_run_context(run_id, 10_000, connection, "000002")
        assert session.counter.current_index == -1


def test_a_session_logs_its_run_by_a_constant_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        SessionController().set_run_context("run", 2, None, "000007")
    assert [record.log_code for record in caplog.records] == ["LOG603"]
