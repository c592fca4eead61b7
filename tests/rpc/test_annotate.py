"""What users write about a run holds, whatever its proxy reports and whatever becomes of the daemon."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from gym_gui.analysis.folder_runs import FolderRuns
from gym_gui.core.worker.errors import ConfigError, UsageError
from gym_gui.reading.search import Search
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.runs.annotation import AnnotationChange
from gym_gui.runs.summary import RunSummary

CHANGE = AnnotationChange(name="renamed", add_tags=["mine"], remove_tags=["submitted"], notes="why", starred=True)
WRITTEN = ("renamed", ["mine"], "why", True)


def written(run: RunSummary) -> tuple[Any, ...]:
    return run.run_name, run.tags, run.notes, run.starred


def ended(client: TrainerClient, config: dict[str, Any]) -> str:
    """Return the id of a run that has ended."""
    run_id = client.submit({**config, "tags": ["submitted"]})
    for _ in client.watch([run_id]):
        pass
    return run_id


def test_a_running_run_keeps_what_was_written(client: TrainerClient, endless: dict[str, Any]) -> None:
    run_id = client.submit({**endless, "tags": ["submitted"]})
    eventually(lambda: client.get(run_id).steps > 0)
    assert written(client.annotate(run_id, CHANGE)) == WRITTEN
    steps = client.get(run_id).steps
    eventually(lambda: client.get(run_id).steps > steps)  # its proxy has reported since
    assert written(client.get(run_id)) == WRITTEN
    client.cancel(run_id, wait=True)
    assert written(client.get(run_id)) == WRITTEN
    found = client.search(Search("tag:mine starred:yes notes:why name:renamed")).runs
    assert [row.run.run_id for row in found] == [run_id]
    assert client.resolve("renamed") == run_id


def test_those_who_watch_a_run_see_it_at_once(client: TrainerClient, endless: dict[str, Any]) -> None:
    run_id = client.submit(endless)
    watch = client.watch([run_id])
    next(watch)
    client.annotate(run_id, AnnotationChange(name="seen"))
    assert next(run for run in watch if run.run_name == "seen").run_id == run_id
    client.cancel(run_id)


def test_it_outlives_the_daemon_and_its_registry(
    daemon_home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    with TrainerClient.connect(daemon_home) as client:
        run_id = ended(client, random_config(total_steps=100))
        client.annotate(run_id, CHANGE)
    stop_daemon(daemon_home)
    assert written(FolderRuns(daemon_home).get(run_id)) == WRITTEN
    for path in daemon_home.glob("registry.db*"):
        path.unlink()
    assert written(FolderRuns(daemon_home).get(run_id)) == WRITTEN
    with TrainerClient.connect(daemon_home) as client:
        assert written(client.get(run_id)) == WRITTEN
        assert [row.run.run_name for row in client.search(Search("tag:mine")).runs] == ["renamed"]
    with sqlite3.connect(daemon_home / "registry.db") as database:
        assert database.execute("SELECT tags FROM runs").fetchall() == [('["mine"]',)]


def test_what_cannot_be_written_changes_nothing(
    client: TrainerClient, random_config: Callable[..., dict[str, Any]]
) -> None:
    run_id = ended(client, random_config("as submitted", total_steps=100))
    with pytest.raises(ConfigError, match="name"):
        client.annotate(run_id, AnnotationChange(name="x" * 200, add_tags=["y"]))
    with pytest.raises(UsageError, match="there is no run"):
        client.annotate("01ARZ3NDEKTSV4RRFFQ69G5FAV", CHANGE)
    assert written(client.get(run_id)) == ("as submitted", ["submitted"], None, False)
