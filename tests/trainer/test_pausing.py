"""Pauses through a real daemon, with real workers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState
from gym_gui.telemetry.verify import verify_run


def _size(home: Path, run_id: str) -> int:
    return sum(path.stat().st_size for path in RunFolder.of(home, run_id).logs.glob("*.stdout.jsonl"))


def test_a_run_stands_still_and_goes_on(daemon_home: Path, endless: dict[str, Any], wait_until: Any) -> None:
    with TrainerClient.connect(daemon_home) as client:
        run_id = client.submit(endless)
        wait_until(lambda: client.get(run_id).steps > 5)
        with pytest.raises(UsageError, match="was not paused"):
            client.unpause(run_id)
        client.pause(run_id, reason="lunch")
        client.pause(run_id, reason="again")
        wait_until(lambda: client.get(run_id).state is RunState.PAUSED)
        run = client.get(run_id)
        assert run.cause.startswith("paused by ")
        assert run.cause.endswith(": lunch")
        pid = run.workers[0].pid
        wait_until(lambda: b"\nState:\tT" in Path(f"/proc/{pid}/status").read_bytes())
        size = _size(daemon_home, run_id)
        client.unpause(run_id)
        wait_until(lambda: client.get(run_id).state is RunState.RUNNING)
        wait_until(lambda: _size(daemon_home, run_id) > size)
        client.pause(run_id)
        wait_until(lambda: client.get(run_id).state is RunState.PAUSED)
        assert client.cancel(run_id, wait=True).state is RunState.CANCELLED
        with pytest.raises(UsageError, match="has ended: cancelled"):
            client.pause(run_id)
    assert verify_run(RunFolder.of(daemon_home, run_id)).ok


def test_a_worker_that_does_not_allow_it_is_left_alone(daemon_home: Path, wait_until: Any) -> None:
    with TrainerClient.connect(daemon_home) as client:
        run_id = client.submit({"run_name": "sleep", "entry_point": "sleep", "arguments": ["600"]})
        wait_until(lambda: client.get(run_id).state is RunState.RUNNING)
        with pytest.raises(UsageError, match="supports_pause_resume"):
            client.pause(run_id)
        client.cancel(run_id, wait=True)


def test_a_queued_run_is_not_paused(
    daemon_home: Path, endless: dict[str, Any], monkeypatch: pytest.MonkeyPatch, wait_until: Callable[..., Any]
) -> None:
    monkeypatch.setenv("MOSAIC_MAX_RUNNING_RUNS", "1")
    with TrainerClient.connect(daemon_home) as client:
        first, second = client.submit(endless), client.submit(endless)
        with pytest.raises(UsageError, match="it is queued"):
            client.pause(second)
        for run_id in (second, first):
            client.cancel(run_id, wait=True)
