"""Submissions side by side: who waits for whom, and what becomes of those whose client goes away."""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from gym_gui.core.worker.errors import ConfigError
from gym_gui.rpc.channel import CHANNEL_OPTIONS, client_metadata, credentials_metadata
from gym_gui.rpc.client import TrainerClient
from gym_gui.rpc.lifecycle import stop_daemon
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub
from gym_gui.rpc.start import start_daemon
from gym_gui.runs.base_environment import with_base_environment
from gym_gui.runs.plan import RunPlan
from gym_gui.runs.states import RunState
from gym_gui.runs.summary import RunSummary
from gym_gui.trainer.home import DaemonHome
from gym_gui.trainer.intake import Intake
from gym_gui.trainer.live_marks import LiveRuns
from gym_gui.trainer.submission import RunRequest

Config = Callable[..., dict[str, Any]]


@pytest.fixture
def gate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file without which no environment of ``waiting_module`` can be looked at."""
    gate = tmp_path / "gate"
    (tmp_path / "waiting_module.py").write_text(
        "import pathlib, time\n"
        f"pathlib.Path({str(tmp_path / 'asked')!r}).touch()\n"
        f"while not pathlib.Path({str(gate)!r}).exists():\n    time.sleep(0.02)\n"
        "import gymnasium\n"
        "gymnasium.register('waiting_module/CartPole-v1', 'gymnasium.envs.classic_control:CartPoleEnv')\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    yield gate
    gate.touch()


@pytest.fixture
def held(random_config: Config) -> dict[str, Any]:
    """A run config whose environment cannot be looked at as long as the gate is shut; then there is none."""
    return random_config("held", env_id="waiting_module/Nothing-v0", total_steps=10)


def in_background(act: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except BaseException as error:  # noqa: BLE001 - looked at by the test
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, errors


def test_a_submission_that_is_held_holds_no_other_client(
    daemon_home: Path, gate: Path, held: dict[str, Any], random_config: Config, wait_until: Callable[..., Any]
) -> None:
    start_daemon(daemon_home)
    with TrainerClient.connect(daemon_home) as one, TrainerClient.connect(daemon_home) as other:
        waiting, errors = in_background(lambda: one.submit(held))
        wait_until((gate.parent / "asked").exists, "the environment is looked at")
        run_id = other.submit(random_config(total_steps=10))
        assert other.validate(random_config(total_steps=10)) == []
        assert other.worker("random").name == "random"
        wait_until(lambda: other.get(run_id).state is RunState.COMPLETED, "the other client's run")
        assert waiting.is_alive()
        gate.touch()
        waiting.join()
        assert isinstance(errors[0], ConfigError)


def test_what_one_client_submits_is_entered_in_the_order_in_which_it_came(
    daemon_home: Path, gate: Path, held: dict[str, Any], random_config: Config, wait_until: Callable[..., Any]
) -> None:
    start_daemon(daemon_home)
    with TrainerClient.connect(daemon_home) as client:
        first, _ = in_background(lambda: client.submit(held))
        wait_until((gate.parent / "asked").exists, "the environment is looked at")
        second, errors = in_background(lambda: client.submit(random_config(total_steps=10)))
        second.join(1.0)
        assert second.is_alive()
        assert client.list() == []
        gate.touch()
        second.join()
        first.join()
        assert errors == []
        assert len(client.list()) == 1


def test_a_call_that_its_client_gives_up_submits_nothing(
    daemon_home: Path, gate: Path, random_config: Config, wait_until: Callable[..., Any]
) -> None:
    known = random_config("held", env_id="waiting_module/CartPole-v1", total_steps=10)
    with grpc.insecure_channel(start_daemon(daemon_home), options=CHANNEL_OPTIONS) as channel:
        stub = TrainerServiceStub(channel)
        metadata = (*credentials_metadata(DaemonHome(daemon_home).token()), *client_metadata("me"))
        submitted = with_base_environment(known, os.environ)
        asked = pb.SubmitRunRequest(config_json=json.dumps(submitted).encode())
        call = stub.SubmitRun.future(asked, metadata=metadata)  # type: ignore[attr-defined]
        wait_until((gate.parent / "asked").exists, "the environment is looked at")
        call.cancel()
        after = pb.SubmitRunRequest(config_json=json.dumps(random_config("after", total_steps=10)).encode())
        run_id = stub.SubmitRun(after, metadata=metadata).run_id  # does not wait for it
        gate.touch()
        wait_until(
            lambda: stub.GetRun(pb.GetRunRequest(run_id=run_id), metadata=metadata).state == pb.RUN_STATE_COMPLETED,
            "its end",
        )
        listed = stub.ListRuns(pb.ListRunsRequest(), metadata=metadata).runs
        assert [run.run_name for run in listed] == ["after"]
    stop_daemon(daemon_home)
    assert {path.name for path in (daemon_home / "runs").iterdir()} - {".live"} == {run_id}
    assert LiveRuns(daemon_home / "runs").all() <= {run_id}


def test_a_daemon_does_not_end_as_idle_while_it_checks_a_config(
    daemon_home: Path, gate: Path, held: dict[str, Any], monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., Any]
) -> None:
    monkeypatch.setenv("MOSAIC_DAEMON_IDLE_TIMEOUT_S", "0.5")
    with TrainerClient.connect(daemon_home) as client:
        waiting, errors = in_background(lambda: client.submit(held))
        wait_until((gate.parent / "asked").exists, "the environment is looked at")
        waiting.join(2.5)
        assert waiting.is_alive()
        gate.touch()
        waiting.join()
        assert isinstance(errors[0], ConfigError)
    wait_until(lambda: DaemonHome(daemon_home).daemon() is None, "the end of a daemon that is idle")


class Slow:
    """Writes runs as slowly as it is told to."""

    def __init__(self) -> None:
        self.checked, self.written = threading.Event(), threading.Event()
        self.may_write, self.may_end = threading.Event(), threading.Event()

    def submit(self, request: RunRequest, commit: Callable[[], None]) -> tuple[RunPlan, RunSummary]:
        self.checked.set()
        assert self.may_write.wait(30)
        commit()
        self.written.set()
        assert self.may_end.wait(30)
        plan = RunPlan(run_id=request.submitter, run_name="", digest="", created_at=0.0, config={}, workers=[])
        return plan, RunSummary(run_id=request.submitter)


def test_a_run_that_is_written_is_entered_though_its_client_is_gone() -> None:
    async def scene() -> list[str]:
        entered: list[str] = []
        slow = Slow()
        intake = Intake(slow.submit, lambda plan, _: entered.append(plan.run_id))
        call = asyncio.create_task(intake.submit(RunRequest(b"{}", submitter="a"), "me"))
        slow.may_write.set()
        await asyncio.to_thread(slow.written.wait, 30)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert entered == []
        slow.may_end.set()
        await intake.close()
        return entered

    assert asyncio.run(scene()) == ["a"]


def test_a_daemon_that_ends_waits_for_no_run_that_is_not_written() -> None:
    async def scene() -> tuple[list[str], float, Slow]:
        entered: list[str] = []
        slow = Slow()
        intake = Intake(slow.submit, lambda plan, _: entered.append(plan.run_id))
        call = asyncio.create_task(intake.submit(RunRequest(b"{}", submitter="a"), "me"))
        await asyncio.to_thread(slow.checked.wait, 30)
        began = time.monotonic()
        await intake.close()
        took = time.monotonic() - began
        with pytest.raises(asyncio.CancelledError):
            await call
        slow.may_write.set()
        slow.may_end.set()
        return entered, took, slow

    entered, took, slow = asyncio.run(scene())
    assert entered == []
    assert took < 20
    assert not slow.written.is_set()
