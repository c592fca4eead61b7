"""Workers are installed, checked and removed by jobs of a real daemon; nothing but the worker `random` is fetched."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from daemons import client, daemon_home, worker_records
from waiting import eventually
from worker_projects import project, write_project

from gym_gui.core.worker.errors import ConfigError, MosaicError, UsageError
from gym_gui.jobs.job import Job, raised_error
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.states import RunState
from gym_gui.trainer.home import DaemonHome
from gym_gui.workers.environments.layout import EnvironmentFolder

__all__ = ["client", "daemon_home", "project", "worker_records"]

HOSTILE = "\x1b[31mred\x1b[0m <img src=x onerror=alert(1)>"
#: Stands in a build backend: the build waits for a file.
WAIT = """
import time
while not os.path.exists({flag!r}):
    time.sleep(0.05)
"""


def end_of(client: TrainerClient, job: Job) -> Job:
    for value in client.watch_jobs([job.job_id]):
        job = value
    return job


def blocked(folder: Path, flag: Path) -> Path:
    """Write the project of a worker whose build waits for a file."""
    write_project(folder)
    backend = folder / "backend.py"
    backend.write_text(backend.read_text() + WAIT.format(flag=str(flag)))
    return folder


def test_the_random_worker_is_installed_into_an_empty_home_checked_and_removed(client: TrainerClient) -> None:
    installed = end_of(client, client.start_job("install", "random"))
    assert (installed.state, installed.error) == (RunState.COMPLETED, None)
    assert installed.result["packages"] > 2
    _, events = client.read_job(installed.job_id)
    steps = [event.text for event in events if event.kind == "step"]
    assert [step.split()[0] for step in steps] == ["environment", "worker", "pip", "compile", "worker"]
    assert any(event.kind == "output" and "Successfully installed" in event.text for event in events)
    (environment,) = client.installs().environments
    assert (environment.name, environment.packages) == ("random", installed.result["packages"])
    assert client.worker("random").environment == "random"

    checked = end_of(client, client.start_job("check", "random", {"only": ["schema"], "quick": True}))
    assert checked.error is not None or checked.result["certified"]

    removed = end_of(client, client.start_job("remove", "random"))
    assert removed.state is RunState.COMPLETED
    assert removed.result["freed_bytes"] > 1 << 20
    assert client.installs().environments == []


def test_an_index_that_does_not_answer_is_named(
    daemon_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pip").mkdir()
    settings = "[global]\nindex-url = http://127.0.0.1:9/simple\nretries = 0\ntimeout = 1\n"
    (tmp_path / "pip" / "pip.conf").write_text(settings)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = write_project(tmp_path / "project", requires=("no-such-library-of-mosaic>=1",))
    with TrainerClient.connect(daemon_home) as client:
        failed = end_of(client, client.start_job("install", "tiny", {"origin": str(folder)}))
        assert failed.state is RunState.FAILED
        assert failed.error is not None
        error = raised_error(failed.error)
        assert error.what.startswith("pip install")
        assert "log: " in error.where
        assert "no-such-library-of-mosaic" in error.why
        assert "package index" in error.next_step
        assert client.installs().environments == []


def test_the_output_of_a_hostile_package_arrives_as_text(client: TrainerClient, tmp_path: Path) -> None:
    folder = write_project(tmp_path / "project")
    backend = folder / "backend.py"
    backend.write_text(backend.read_text() + f"\nprint({HOSTILE!r})\nraise SystemExit(3)\n")
    failed = end_of(client, client.start_job("install", "tiny", {"origin": str(folder)}))
    assert failed.state is RunState.FAILED
    _, events = client.read_job(failed.job_id)
    assert any(HOSTILE in event.text for event in events)


def test_an_install_is_cancelled_in_the_middle_and_continued(
    client: TrainerClient, tmp_path: Path, daemon_home: Path
) -> None:
    flag = tmp_path / "go"
    options = {"origin": str(blocked(tmp_path / "project", flag))}
    begun = client.start_job("install", "tiny", options)
    with pytest.raises(UsageError, match="has a job already"):
        client.start_job("remove", "tiny")
    eventually(lambda: client.read_job(begun.job_id)[0].step.startswith("pip install"), "pip runs")
    client.cancel_job(begun.job_id)
    ended = end_of(client, begun)
    assert ended.state is RunState.CANCELLED
    assert EnvironmentFolder(daemon_home, "tiny").current() is None
    flag.touch()
    again = end_of(client, client.start_job("install", "tiny", options))
    assert (again.state, again.error) == (RunState.COMPLETED, None)


@pytest.mark.parametrize("job_dies", [False, True], ids=["the job lives", "the job dies, too"])
def test_the_daemon_is_killed_in_the_middle(daemon_home: Path, tmp_path: Path, job_dies: bool) -> None:
    flag = tmp_path / "go"
    with TrainerClient.connect(daemon_home) as client:
        begun = client.start_job("install", "tiny", {"origin": str(blocked(tmp_path / "project", flag))})
        eventually(lambda: client.read_job(begun.job_id)[0].step.startswith("pip install"), "pip runs")
        daemon = DaemonHome(daemon_home).daemon()
        assert daemon is not None
        os.kill(daemon.pid, signal.SIGKILL)
        if job_dies:
            (pid,) = job_processes(daemon_home)
            os.kill(pid, signal.SIGKILL)
        else:
            flag.touch()
        ended = end_of(client, begun)
        if not job_dies:
            assert (ended.state, ended.error) == (RunState.COMPLETED, None)
            assert client.worker("tiny").broken is None
            return
        assert ended.state is RunState.LOST
        assert ended.error is not None
        assert ended.error.what.startswith("install tiny ended without a result, during: pip install")
        assert "it continues with the steps that are missing" in ended.error.next_step
        flag.touch()
        again = client.start_job("install", "tiny", {"origin": str(tmp_path / "project")})
        assert end_of(client, again).state is RunState.COMPLETED


def job_processes(home: Path) -> list[int]:
    from waiting import processes_of

    return [pid for pid, command in processes_of(home).items() if "gym_gui.app.job_main" in command]


def test_a_dry_run_shows_what_the_worker_prints_and_what_is_wrong(client: TrainerClient) -> None:
    config = {
        "run_name": "try",
        "metadata": {"worker": {"worker_id": "random", "config": {"env_id": "CartPole-v1", "seed": 1}}},
    }
    fine = end_of(client, client.start_job("dry_run", "random", {"config": config}))
    assert (fine.state, fine.error) == (RunState.COMPLETED, None)
    assert fine.result["config"]["run_name"] == "try"
    assert client.list() == []
    config["metadata"]["worker"]["config"]["env_id"] = "NoSuch-v0"  # type: ignore[index]
    failed = end_of(client, client.start_job("dry_run", "random", {"config": config}))
    assert failed.state is RunState.FAILED
    assert failed.error is not None
    error = raised_error(failed.error)
    assert isinstance(error, ConfigError)
    assert [problem.path for problem in error.problems] == ["metadata.worker.config.env_id"]


def test_the_machine_is_checked(client: TrainerClient) -> None:
    ended = end_of(client, client.start_job("doctor"))
    assert ended.state is RunState.COMPLETED
    assert {finding["name"] for finding in ended.result["findings"]} >= {"disk", "daemon"}


def test_a_job_without_a_worker_is_refused(client: TrainerClient) -> None:
    with pytest.raises(MosaicError, match="the job is not valid"):
        client.start_job("install", "")
