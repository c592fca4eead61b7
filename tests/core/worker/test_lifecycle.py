"""A run's lifecycle: its events, in order and once, whatever happens to it."""

from __future__ import annotations

import contextlib
import io
import json
import logging
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from lifecycles import Config, Make, RaisingEmitter, events, kinds

from gym_gui.core.worker import Cancelled, ConfigError, MosaicError, Problem, RunLifecycle
from gym_gui.core.worker.lifecycle import exit_code


def test_a_run_that_completes(make: Make, sink: io.StringIO) -> None:
    with make(announcement={"env_id": "E"}) as run:
        assert run.outcome is run.exit_code is None
        run.phase("importing torch")
        run.emitter.step(0, reward=1.0)
        run.summary.update(episodes=3)
    assert kinds(sink) == ["run_started", "heartbeat", "step", "run_completed"]
    assert events(sink)[0]["payload"] == {"env_id": "E", "dry_run": False, "worker_type": "probe"}
    assert events(sink)[-1]["payload"] == run.summary == {"status": "completed", "episodes": 3}
    assert (run.outcome, run.exit_code) == ("completed", 0)


def test_what_is_returned_from_the_block_is_what_was_emitted(make: Make, sink: io.StringIO, tmp_path: Path) -> None:
    def work() -> dict[str, Any]:
        with make(write_manifest=lambda: tmp_path / "m.json") as run:
            run.summary["steps"] = 1
            return run.summary

    assert work() == events(sink)[-1]["payload"]
    assert events(sink)[-1]["payload"]["analytics_manifest"] == str(tmp_path / "m.json")


@pytest.mark.parametrize(
    ("error", "payload", "code"),
    [
        (RuntimeError("no luck"), {"error": "no luck", "error_type": "RuntimeError"}, 1),
        (MosaicError("no server"), {"error": "no server", "error_type": "MosaicError"}, 1),
        (SystemExit(3), {"error": "3", "error_type": "SystemExit"}, 3),
        (
            ConfigError("no", [Problem("lr", "is negative", value=-1)]),
            {
                "error": "no\n  - lr: is negative",
                "error_type": "ConfigError",
                "problems": [Problem("lr", "is negative", value=-1).to_dict()],
            },
            2,
        ),
    ],
)
def test_a_run_that_fails(
    make: Make, sink: io.StringIO, error: BaseException, payload: dict[str, Any], code: int
) -> None:
    with pytest.raises(type(error)), make() as run:
        raise error
    assert kinds(sink) == ["run_started", "run_failed"]
    assert events(sink)[-1]["payload"] == payload
    assert (run.outcome, run.exit_code) == ("failed", code)


def test_details_of_an_error_are_told(make: Make, sink: io.StringIO) -> None:
    class ScriptError(MosaicError):
        details = {"exit_code": 7}  # noqa: RUF012

    with pytest.raises(ScriptError), make():
        raise ScriptError("it ended")
    assert events(sink)[-1]["payload"]["exit_code"] == 7


def test_only_an_unexpected_error_is_logged_with_its_traceback(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("probe")
    for error in (RuntimeError("bug"), MosaicError("no server")):
        with pytest.raises(type(error)), make(logger=logger):
            raise error
    failed = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [bool(record.exc_info) for record in failed] == [True, False]
    assert {record.log_code for record in failed} == {failed[0].log_code}  # type: ignore[attr-defined]


def test_refused_problems_fail_the_run(make: Make, sink: io.StringIO) -> None:
    make().refuse([])
    with pytest.raises(ConfigError, match="env_id: is unknown"), make() as run:
        run.refuse([Problem("env_id", "is unknown")])
    assert kinds(sink) == ["run_started", "run_failed"]
    assert run.exit_code == 2


# -- dry runs, heartbeats, manifest ----------------------------------------------------------------------------------


def test_a_dry_run_is_two_events(make: Make, sink: io.StringIO) -> None:
    def write_manifest() -> None:
        raise AssertionError("a dry run leaves nothing behind")

    with make(Config(heartbeat_interval_s=0.001), dry_run=True, write_manifest=write_manifest) as run:
        run.phase("importing torch")
        time.sleep(0.05)
        run.summary["arguments"] = {"lr": 1}
    assert kinds(sink) == ["run_started", "run_completed"]
    config = {"run_id": "r", "seed": None, "worker_id": None, "heartbeat_interval_s": 0.001}
    assert events(sink)[-1]["payload"] == {"status": "dry-run", "config": config, "arguments": {"lr": 1}}


def test_heartbeats_come_until_the_end(make: Make, sink: io.StringIO) -> None:
    with make(Config(heartbeat_interval_s=0.005), progress=lambda: {"step": 5}):
        deadline = time.monotonic() + 30
        while kinds(sink).count("heartbeat") < 2:
            assert time.monotonic() < deadline
            time.sleep(0.01)
    assert events(sink)[1]["payload"] == {"step": 5}
    assert kinds(sink)[-1] == "run_completed"
    before = len(events(sink))
    time.sleep(0.05)
    assert len(events(sink)) == before


@pytest.mark.parametrize("interval_s", [0, None])
def test_no_heartbeats_where_the_config_wants_none(make: Make, sink: io.StringIO, interval_s: Any) -> None:
    with make(Config(heartbeat_interval_s=interval_s)):
        time.sleep(0.02)
    assert kinds(sink) == ["run_started", "run_completed"]


@pytest.mark.parametrize("error", [None, RuntimeError("no"), Cancelled()])
def test_the_manifest_is_written_whatever_the_outcome(
    make: Make, sink: io.StringIO, error: BaseException | None
) -> None:
    written: list[list[str]] = []

    def write_manifest() -> None:
        written.append(kinds(sink))

    with contextlib.suppress(RuntimeError, Cancelled), make(write_manifest=write_manifest):
        if error is not None:
            raise error
    assert written == [["run_started"]]  # before the last event


@pytest.mark.parametrize("fault", [OSError("disk full"), TypeError("a bug"), ConfigError("not valid")])
def test_a_manifest_that_cannot_be_written_fails_no_run(
    make: Make, sink: io.StringIO, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    def write_manifest() -> None:
        raise fault

    with make(write_manifest=write_manifest) as run:
        pass
    assert run.outcome == "completed"
    assert events(sink)[-1]["payload"] == {"status": "completed", "analytics_manifest": None}
    assert f"{type(fault).__name__}: {fault}" in caplog.text


# -- emitters that fail, misuse --------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [None, RuntimeError("no luck")])
def test_an_emitter_that_raises_changes_nothing(
    make: Make, caplog: pytest.LogCaptureFixture, error: Exception | None
) -> None:
    run = make(emitter=RaisingEmitter(), heartbeat_interval_s=0)
    if error is None:
        with run:
            pass
    else:
        with pytest.raises(RuntimeError, match="no luck"), run:
            raise error
    assert (run.outcome, run.exit_code) == (("completed", 0) if error is None else ("failed", 1))
    assert "run_started cannot be emitted: RuntimeError: no run_started" in caplog.text


def test_a_full_disk_changes_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("MOSAIC_LOG", "/dev/full")
    with RunLifecycle(Config()) as run:
        run.emitter.step(0)
    assert run.outcome == "completed"
    assert run.emitter.dropped == 3
    assert "cannot be written" in capsys.readouterr().err


def test_a_run_within_a_run_is_refused(make: Make, sink: io.StringIO) -> None:
    with make() as run:
        with pytest.raises(RuntimeError, match="run r has not ended"), make(Config("other")):
            raise AssertionError("it began")
        with pytest.raises(RuntimeError, match="was started before"), run:
            raise AssertionError("it began again")
    assert kinds(sink) == ["run_started", "run_completed"]
    with make(Config("other")):
        pass


def test_a_run_has_one_lifecycle(make: Make, sink: io.StringIO) -> None:
    run = make()
    with run:
        pass
    with pytest.raises(RuntimeError, match="was started before"), run:
        pass
    assert kinds(sink) == ["run_started", "run_completed"]


def test_a_run_ends_once(make: Make, sink: io.StringIO) -> None:
    with make() as run:
        pass
    run.__exit__(None, None, None)
    run.__exit__(RuntimeError, RuntimeError("late"), None)
    assert kinds(sink) == ["run_started", "run_completed"]
    assert run.outcome == "completed"


def test_a_run_that_never_began_does_not_end(make: Make, sink: io.StringIO) -> None:
    make().__exit__(None, None, None)
    assert kinds(sink) == []


def test_a_forked_process_does_not_end_its_parents_run(script: Any) -> None:
    done = script.run("""
import os, sys
from types import SimpleNamespace
from gym_gui.core.worker import RunLifecycle

try:
    with RunLifecycle(SimpleNamespace(run_id="r", heartbeat_interval_s=0)):
        child = os.fork()
        if child == 0:
            raise RuntimeError("in the child")
        os.waitpid(child, 0)
except RuntimeError:
    os._exit(1)
""")
    assert [json.loads(line)["event"] for line in done.stdout.splitlines()] == ["run_started", "run_completed"]


def test_folders_and_constants_are_the_runs(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKER_ID", "000002")
    run = RunLifecycle(Config(), "spade-bdi")
    assert run.folder("checkpoints") == tmp_path / "home" / "runs" / "r" / "checkpoints" / "000002"
    constant = run.constant("CHECKPOINT_SAVED")
    assert constant is not None
    from gym_gui.logging_config.log_constants import LOG_WORKER_SPADE_BDI_CHECKPOINT_SAVED

    assert constant is LOG_WORKER_SPADE_BDI_CHECKPOINT_SAVED
    assert RunLifecycle(Config()).constant("CHECKPOINT_SAVED") is None


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (None, 0),
        (RuntimeError(), 1),
        (MosaicError("x"), 1),
        (ConfigError("x"), 2),
        (Cancelled(), 143),
        (Cancelled(signal.SIGINT), 130),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(error: BaseException | None, code: int) -> None:
    assert exit_code(error) == code
