"""What an order needs is found out while other runs have their turns, however long it takes."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from gym_gui.fleet import inputs, preparation
from gym_gui.fleet.digests import sha256_of
from gym_gui.fleet.orders import OrderBox
from gym_gui.fleet.preparation import Preparation
from gym_gui.fleet.provisioner import FleetProvisioner
from gym_gui.fleet.slurm.provisioner import SlurmProvisioner
from gym_gui.runs import RunFolder, RunPlan, WorkerPlan, new_run_id
from gym_gui.supervision import Attempt
from gym_gui.workers.environments import make_bundle

KINDS = [FleetProvisioner, SlurmProvisioner]
ATTEMPT = Attempt("000001", 1)


@pytest.fixture
def go_on() -> threading.Event:
    return threading.Event()


@pytest.fixture
def slow(go_on: threading.Event) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return what makes a function wait for the event."""

    def wrap(act: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: go_on.wait(20.0) and act(*arguments)

    return wrap


def new_run(home: Path, argv: list[str], config: dict[str, Any]) -> tuple[RunFolder, RunPlan]:
    folder = RunFolder.of(home, new_run_id())
    folder.create()
    worker = WorkerPlan(worker_no=1, worker_id="000001", worker_type="random", argv=argv, config=config)
    return folder, RunPlan(run_id=folder.run_id, run_name="", digest="", created_at=0.0, config={}, workers=[worker])


def waits_for(provisioner: FleetProvisioner, go_on: threading.Event) -> str:
    """Return what a start waits for, and have it go on until the order is posted."""
    try:
        assert provisioner.start(ATTEMPT, None) is None
        assert provisioner.start(ATTEMPT, None) is None
        seen = provisioner.observe(ATTEMPT)
        assert not seen.launcher_alive
    finally:
        go_on.set()
    assert provisioner._preparations["000001", 1].wait(30.0)
    assert provisioner.start(ATTEMPT, None) is not None
    assert provisioner.observe(ATTEMPT).launcher_alive
    return seen.obstacle


def test_nothing_waits_for_a_checkpoint_that_takes_long_to_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go_on: threading.Event, slow: Callable[..., Any]
) -> None:
    monkeypatch.setattr(inputs, "sha256_of", slow(sha256_of))
    (tmp_path / "last.pt").write_bytes(b"weights")
    folder, plan = new_run(tmp_path / "home", ["train"], {"checkpoint_path": str(tmp_path / "last.pt")})
    provisioner = FleetProvisioner(folder, plan, time.monotonic)
    assert waits_for(provisioner, go_on) == "the checkpoint that it begins with is being read"
    order = OrderBox(folder).take("000001", 1)
    assert order is not None
    assert order.inputs[0].files[0].sha256 == hashlib.sha256(b"weights").hexdigest()
    assert order.environment_problem == "it is a command, not a worker with a package"


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_waits_for_sources_that_take_long_to_pack(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    go_on: threading.Event,
    slow: Callable[..., Any],
    kind: type[FleetProvisioner],
) -> None:
    monkeypatch.setattr(preparation, "make_bundle", slow(make_bundle))
    folder, plan = new_run(tmp_path / "home", [sys.executable, "-m", "random_worker.cli"], {})
    assert waits_for(kind(folder, plan, time.monotonic), go_on) == "the sources of its worker are being packed"
    order = OrderBox(folder).take("000001", 1)
    assert order is not None
    assert order.environment is not None
    assert not order.environment_problem


def test_what_cannot_be_found_out_is_logged_in_the_turn_of_its_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def odd(*_: Any) -> None:
        raise KeyError("Name")

    monkeypatch.setattr(preparation, "make_bundle", odd)
    folder, plan = new_run(tmp_path / "home", [sys.executable, "-m", "random_worker.cli"], {})
    found = Preparation(folder, "random", plan.workers[0].argv, {})
    assert found.wait(30.0)
    assert not caplog.records, "another run has its turn"
    assert found.fields() == {"inputs": [], "environment_problem": "KeyError: 'Name'"}
    assert [record.threadName for record in caplog.records] == [threading.current_thread().name]
    assert caplog.records[0].exc_info


@pytest.mark.parametrize("of", ["the checkpoint", "the sources"])
def test_its_end_is_a_sign_to_give_the_run_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, go_on: threading.Event, slow: Callable[..., Any], of: str
) -> None:
    name, act = ("find_inputs", inputs.find_inputs) if of == "the checkpoint" else ("make_bundle", make_bundle)
    monkeypatch.setattr(preparation, name, slow(act))
    folder, plan = new_run(tmp_path / "home", [sys.executable, "-m", "random_worker.cli"], {})
    provisioner = FleetProvisioner(folder, plan, time.monotonic)
    try:
        assert provisioner.start(ATTEMPT, None) is None
        others = {"the sources": "_inputs", "the checkpoint": "_environment"}
        found = provisioner._preparations["000001", 1]
        assert getattr(found, others[of]).result(30.0)
        time.sleep(0.05)  # what its end leads to
        os.utime(folder.control, (1.0, 1.0))
    finally:
        go_on.set()
    eventually(lambda: folder.control.stat().st_mtime > 1.0, "the folder tells of something new", 30.0)
    assert provisioner.start(ATTEMPT, None) is not None
