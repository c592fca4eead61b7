"""Studies through a real daemon: created once, submitted once, retried, cancelled, found from their runs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError, NotFoundError, UsageError
from gym_gui.fleet import Split, StudyFolder, StudySpec, StudyState
from gym_gui.reading import Search
from gym_gui.rpc.aio_client import AsyncTrainerClient
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, load_plan
from gym_gui.trainer.home import DaemonHome

pytestmark = pytest.mark.process

COMMAND = """
import json, os, pathlib, sys
config = json.loads(pathlib.Path(sys.argv[1]).read_text())
pathlib.Path("made.json").write_text(json.dumps(config))
sys.exit(3 if config["mode"] == "fail" and not pathlib.Path(os.environ["MARK"]).exists() else 0)
"""


def until(client: TrainerClient, study: str, done: Callable[[StudyState], bool], wait_until: Any) -> StudyState:
    found: list[StudyState] = []

    def look() -> bool:
        found[:] = [client.study(study)]
        return done(found[0])

    wait_until(look, f"study {study} gets there", 60)
    return found[0]


def ended(state: StudyState) -> bool:
    return not state.submitting and not {"pending", "running"} & state.counts.keys()


def spec(base: dict[str, Any], **more: Any) -> StudySpec:
    return StudySpec(**{"name": "rates", "base_config": base, **more})


def test_a_study_of_a_worker_runs_to_its_end(
    client: TrainerClient, daemon_home: Path, random_config: Callable[..., dict[str, Any]], wait_until: Any
) -> None:
    wanted = spec(
        random_config(total_steps=40),
        splits=[Split(key="total_steps", values=[40, 80])], seeds=[7, 8], weights=[1, 1, 2, 4], tags=["x"],
    )  # fmt: skip
    made = client.create_study(wanted)
    assert (made.total, made.name) == (4, "rates")
    state = until(client, "rates", ended, wait_until)
    assert (state.counts, state.progress) == ({"completed": 4}, 1.0)
    assert [each.split for each in state.assignments] == [
        {"total_steps": steps, "seed": seed} for steps in (40, 80) for seed in (7, 8)
    ]
    assert [each.runs[0].seed for each in state.assignments] == [7, 8, 7, 8]
    found = client.search(Search("study=rates"))
    assert {row.run.run_id for row in found.runs} == {each.runs[0].run_id for each in state.assignments}
    assert client.search(Search(f"study={made.study_id}")).total == 4
    assert client.search(Search("study=other")).total == 0
    last = state.assignments[-1].runs[0]
    assert last.steps == 80
    plan = load_plan(RunFolder.of(daemon_home, last.run_id))
    assert plan.config["metadata"]["study"] == {
        "study_id": made.study_id, "name": "rates", "index": 3, "split": {"total_steps": 80, "seed": 8},
    }  # fmt: skip
    assert plan.tags == ["x"]
    (listed,) = client.studies()
    assert (listed.study_id, listed.counts, listed.assignments) == (made.study_id, {"completed": 4}, [])
    results = client.study_results(made.study_id[:10])
    assert [row.run.steps for row in results.rows] == [40, 40, 80, 80]
    assert all("analytics.json" in [file.path for file in row.files] for row in results.rows)
    with pytest.raises(UsageError, match="already"):
        client.create_study(wanted)
    with pytest.raises(NotFoundError, match="did you mean 'rates'"):
        client.study("rate")
    with pytest.raises(UsageError, match="no assignment of study"):
        client.retry_study("rates")
    assert client.delete_study("rates", runs=True) == 4
    assert client.list() == client.studies() == []


def test_a_study_of_a_command_is_retried_and_keeps_its_attempts(
    client: TrainerClient, daemon_home: Path, wait_until: Any, tmp_path: Path
) -> None:
    program, mark = tmp_path / "program.py", tmp_path / "mark"
    program.write_text(COMMAND)
    base = {"mode": "work", "phantoms": ["duke", "ella"], "nested": {"z": 1, "a": [1.5, None]}}
    wanted = spec(
        base,
        command=f"{{python}} {program} {{config}}",
        splits=[Split(key="mode", values=["work", "fail"]), Split(key="phantoms")], num_splits=2,
    )  # fmt: skip
    environment = {"base_environment": {"PATH": os.environ["PATH"]}, "environment": {"MARK": str(mark)}}
    made = client.create_study(wanted, environment=environment)
    state = until(client, made.study_id, ended, wait_until)
    assert state.counts == {"completed": 2, "failed": 2}
    assert state.progress == 0.5
    assert not StudyFolder(daemon_home, made.study_id).environment.exists()
    for each in state.assignments:
        folder = RunFolder.of(daemon_home, each.runs[0].run_id)
        config = {**base, "mode": each.split["mode"], "phantoms": each.split["phantoms"]}
        (work,) = (folder.path / "work").iterdir()
        assert json.loads((work / "made.json").read_text()) == config
        assert list(load_plan(folder).workers[0].config) == list(base)
    with pytest.raises(UsageError, match="is completed"):
        client.retry_study("rates", [0])
    with pytest.raises(UsageError, match="has no assignment 4"):
        client.retry_study("rates", [4])
    mark.touch()
    client.retry_study("rates", [2], environment=environment)
    state = until(client, "rates", ended, wait_until)
    assert state.counts == {"completed": 3, "failed": 1}
    assert [run.state for run in state.assignments[2].runs] == ["failed", "completed"]
    assert client.search(Search("study=rates")).total == 5


def test_a_cancelled_study_submits_nothing_more_and_ends(
    client: TrainerClient, endless: dict[str, Any], wait_until: Any
) -> None:
    client.create_study(spec(endless, seeds=list(range(12))))
    with pytest.raises(UsageError, match="has not ended"):
        client.delete_study("rates")
    client.cancel_study("rates", reason="enough")
    state = until(client, "rates", ended, wait_until)
    assert state.counts == {"cancelled": 12}
    assert client.delete_study("rates") == 0
    assert client.search(Search("study=rates")).total == len(client.list())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"splits": [Split(key="total_stepz", values=[1])]}, "did you mean 'total_steps'"),
        ({"splits": [Split(key="total_steps", values=[1, "many"])]}, "assignment 1"),
        ({"splits": [Split(key="executor", values=["local", "lokal"])], "executor": ""}, "executor"),
        ({"executor": "nowhere"}, "nowhere"),
        ({"worker": "randon", "base_config": {}}, "randon"),
    ],
)
def test_what_is_not_valid_is_refused_before_anything_is_submitted(
    client: TrainerClient,
    daemon_home: Path,
    random_config: Callable[..., dict[str, Any]],
    changes: dict[str, Any],
    said: str,
) -> None:
    with pytest.raises(ConfigError) as raised:
        client.create_study(StudySpec(**{"name": "rates", "base_config": random_config(total_steps=40), **changes}))
    assert said in str(raised.value)
    assert client.list() == client.studies() == []
    assert not (daemon_home / "studies").exists()


def test_a_dry_run_writes_nothing(
    client: TrainerClient, daemon_home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    state = client.create_study(spec(random_config(), seeds=[1, 2]), dry_run=True)
    assert [each.split for each in state.assignments] == [{"seed": 1}, {"seed": 2}]
    alone = client.create_study(StudySpec(name="alone", worker="random"), dry_run=True)
    assert [(each.split, each.weight) for each in alone.assignments] == [({}, 1.0)]
    assert not (daemon_home / "studies").exists()


def test_a_study_holds_no_secret(
    client: TrainerClient, daemon_home: Path, random_config: Callable[..., dict[str, Any]], wait_until: Any
) -> None:
    config = {**random_config(total_steps=40), "environment": {"API_TOKEN": "sesame-77"}}
    for environment in (None, {"base_environment": {"API_TOKEN": "other", "PATH": os.environ["PATH"]}}):
        with pytest.raises(ConfigError, match="has a secret"):
            client.create_study(spec(config, seeds=[1]), environment=environment)
    assert not (daemon_home / "studies").exists()
    named = {**random_config(total_steps=40), "secrets": ["API_TOKEN"]}
    private = {"environment": {"API_TOKEN": "sesame-77"}}
    made = client.create_study(spec(named, seeds=[1]), environment=private)
    until(client, made.study_id, ended, wait_until)
    left = [path for path in daemon_home.rglob("*") if path.is_file() and b"sesame-77" in path.read_bytes()]
    assert left == []


def test_a_study_survives_the_loss_of_the_registry(
    client: TrainerClient, daemon_home: Path, random_config: Callable[..., dict[str, Any]], wait_until: Any
) -> None:
    client.create_study(spec(random_config(total_steps=40), seeds=[1, 2]))
    before = until(client, "rates", ended, wait_until)
    daemon = DaemonHome(daemon_home).daemon()
    assert daemon is not None
    os.kill(daemon.pid, signal.SIGKILL)
    for path in daemon_home.glob("registry.db*"):
        path.unlink()
    shutil.rmtree(daemon_home / "cache", ignore_errors=True)
    with TrainerClient.connect(daemon_home) as again:
        after = until(again, "rates", ended, wait_until)
        assert after.counts == before.counts == {"completed": 2}
        assert after.assignments == before.assignments
        assert again.search(Search("study=rates")).total == 2


def test_the_same_calls_for_asyncio(
    client: TrainerClient, daemon_home: Path, endless: dict[str, Any], wait_until: Any
) -> None:
    async def use() -> None:
        async with await AsyncTrainerClient.connect(daemon_home) as aio:
            made = await aio.create_study(spec(endless, seeds=[1]), by="me")
            assert (await aio.study("rates")).study_id == made.study_id
            assert (await aio.study_spec("rates")).seeds == [1]
            assert [each.name for each in await aio.studies()] == ["rates"]
            await aio.cancel_study("rates", by="me")
            while not ended(await aio.study("rates")):
                await asyncio.sleep(0.05)
            await aio.retry_study("rates", by="me")
            await aio.cancel_study("rates", by="me")
            while not ended(await aio.study("rates")):
                await asyncio.sleep(0.05)
            (row,) = (await aio.study_results("rates")).rows
            assert row.state == "cancelled"
            assert len((await aio.study("rates")).assignments[0].runs) == 2
            assert await aio.delete_study("rates") == 0

    asyncio.run(use())
