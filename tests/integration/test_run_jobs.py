"""Runs that have ended are recounted, rebuilt, archived and followed by others as jobs of a real daemon."""

from __future__ import annotations

import tarfile
from pathlib import Path
from typing import Any

import pytest
from daemons import client, daemon_home, endless, random_config, worker_records
from waiting import eventually

from gym_gui.core.worker.errors import ConfigError
from gym_gui.jobs.job import Job, raised_error
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState

__all__ = ["client", "daemon_home", "endless", "random_config", "worker_records"]


def end_of(client: TrainerClient, job: Job) -> Job:
    for value in client.watch_jobs([job.job_id]):
        job = value
    return job


@pytest.fixture
def run_id(client: TrainerClient, random_config: Any) -> str:
    run_id = client.submit(random_config(total_steps=50))
    *_, last = client.watch([run_id])
    assert last.state is RunState.COMPLETED
    return run_id


def test_the_books_of_a_run_are_recounted_and_its_database_is_rebuilt(
    client: TrainerClient, run_id: str, daemon_home: Path
) -> None:
    verified = end_of(client, client.start_job("verify", run_id))
    assert (verified.state, verified.result["ok"]) == (RunState.COMPLETED, True)
    database = RunFolder.of(daemon_home, run_id).database
    before = database.stat().st_ino
    rebuilt = end_of(client, client.start_job("reindex", run_id))
    assert (rebuilt.state, rebuilt.error) == (RunState.COMPLETED, None)
    assert rebuilt.result["ledger"] == verified.result["ledger"]
    assert database.stat().st_ino != before


def test_an_archived_run_is_gone_and_its_archive_is_there(client: TrainerClient, run_id: str) -> None:
    archived = end_of(client, client.start_job("archive", run_id))
    assert (archived.state, archived.error) == (RunState.COMPLETED, None)
    with tarfile.open(archived.result["archive"]) as archive:
        assert any(name.endswith("run.json") for name in archive.getnames())
    assert client.list() == []


@pytest.mark.parametrize("kind", ["resume", "evaluate"])
def test_a_run_without_checkpoints_cannot_be_followed(client: TrainerClient, run_id: str, kind: str) -> None:
    failed = end_of(client, client.start_job(kind, run_id))
    assert failed.state is RunState.FAILED
    assert failed.error is not None
    error = raised_error(failed.error)
    assert error.what
    assert error.next_step
    assert [run.run_id for run in client.list()] == [run_id]


def test_a_run_under_way_is_not_archived(client: TrainerClient, endless: dict[str, Any]) -> None:
    run_id = client.submit(endless)
    for kind in ("archive", "resume"):
        failed = end_of(client, client.start_job(kind, run_id))
        assert failed.error is not None
        assert "has not ended" in failed.error.what


def test_a_job_of_a_run_needs_its_whole_id(client: TrainerClient) -> None:
    with pytest.raises(ConfigError) as refused:
        client.start_job("verify", "latest")
    assert [problem.path for problem in refused.value.problems] == ["subject"]


def test_an_archived_run_is_listed_and_comes_back(client: TrainerClient, run_id: str) -> None:
    assert client.archives().archives == []
    end_of(client, client.start_job("archive", run_id))
    (archived,) = client.archives().archives
    assert (archived.run_id, archived.present) == (run_id, False)
    assert archived.run_name
    restored = end_of(client, client.start_job("restore", run_id))
    assert (restored.state, restored.error) == (RunState.COMPLETED, None)
    eventually(lambda: [run.run_id for run in client.list()] == [run_id], "the run is listed again")
    assert client.archives().archives[0].present
    again = end_of(client, client.start_job("restore", run_id))
    assert again.state is RunState.FAILED
    assert again.error is not None


def test_what_is_not_archived_is_not_restored(client: TrainerClient) -> None:
    failed = end_of(client, client.start_job("restore", "01HZZZZZZZZZZZZZZZZZZZZZZZ"))
    assert failed.state is RunState.FAILED
    assert failed.error is not None
    assert "there is no archive" in failed.error.what
