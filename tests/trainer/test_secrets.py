"""Secrets reach the workers of a run, and nothing else: not while it runs, and not afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import ConfigError
from gym_gui.proxy.summary import read_summary
from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.private_files import secret_files
from gym_gui.runs.states import RunState
from gym_gui.telemetry.reader import RunReader
from gym_gui.trainer.finalize import finalize_run, is_finished

KEY, PASSWORD = "sk-9f8e7d6c5b4a3210", "correct-horse-battery"
WORKER = """
import hashlib, json, os, sys, time
with open(sys.argv[sys.argv.index("--config") + 1]) as stream:
    config = json.load(stream)
attempt = os.environ["MOSAIC_ATTEMPT"]
seen = hashlib.sha256((os.environ["DB_PASSWORD"] + config["llm"]["api_key"]).encode()).hexdigest()
print(json.dumps({"event": "run_started", "run_id": config["run_id"], "payload": {"seen": seen}}), flush=True)
while not os.path.exists(config["gate"] + attempt):
    time.sleep(0.02)
sys.exit(1 if attempt == "1" else 0)
"""


@pytest.fixture
def submitted(tmp_path: Path) -> dict[str, Any]:
    script = tmp_path / "worker.py"
    script.write_text(WORKER)
    config = {"llm": {"api_key": KEY}, "gate": str(tmp_path / "gate")}
    return {
        "run_name": "secret", "entry_point": sys.executable, "arguments": [str(script)],
        "environment": {"DB_PASSWORD": PASSWORD}, "metadata": {"worker": {"config": config}},
        "limits": {"max_attempts": 2}, "notes": f"the key is {KEY}",
    }  # fmt: skip


def files_with_secrets(home: Path) -> set[Path]:
    """Return the files below a home that hold one of the secrets."""
    found = set()
    for path in home.rglob("*"):
        try:
            data = path.read_bytes() if path.is_file() else b""
        except FileNotFoundError:
            continue
        if KEY.encode() in data or PASSWORD.encode() in data:
            found.add(path)
    return found


def test_only_the_worker_learns_them(
    client: TrainerClient,
    daemon_home: Path,
    submitted: dict[str, Any],
    tmp_path: Path,
    wait_until: Callable[..., Any],
    living: Callable[[Path], dict[int, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "argv", ["mosaic", "run", "--set", f"llm.api_key={KEY}"])
    run_id = client.submit(submitted)
    folder = RunFolder.of(daemon_home, run_id)

    def seen(attempt: int) -> list[Any]:
        return [event.payload for event in RunReader(folder).events(worker_no=1, attempt=attempt)]

    expected = [{"seen": hashlib.sha256((PASSWORD + KEY).encode()).hexdigest()}]
    private = {folder.private_config("000001"), folder.secrets("000001")}
    for attempt in (1, 2):
        wait_until(lambda attempt=attempt: seen(attempt) == expected, f"attempt {attempt} was handed the secrets")
        assert files_with_secrets(daemon_home) == private
        assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
        commands = " ".join(living(daemon_home).values())
        assert str(folder.private_config("000001")) in commands
        assert KEY not in commands
        assert PASSWORD not in commands
        assert KEY not in repr(client.get(run_id))
        proxy = read_summary(folder).proxy_pid
        assert proxy is not None
        os.kill(proxy, signal.SIGKILL)
        wait_until(lambda proxy=proxy: read_summary(folder).proxy_pid not in (None, proxy), "another proxy")
        (tmp_path / f"gate{attempt}").touch()
    wait_until(lambda: client.get(run_id).state is RunState.COMPLETED, "the run completes")
    wait_until(lambda: is_finished(folder), "the run is put in order")
    assert files_with_secrets(daemon_home) == set()
    assert not secret_files(folder)
    record = json.loads(folder.run_json.read_text())
    assert record["config"]["environment"] == {"DB_PASSWORD": "${secret}"}
    assert record["workers"][0]["config"]["llm"] == {"api_key": "${secret}"}
    assert record["provenance"]["argv"][-1] == "llm.api_key=${secret}"


def test_what_is_refused_tells_none(client: TrainerClient, daemon_home: Path, submitted: dict[str, Any]) -> None:
    submitted["arguments"] += ["--password", PASSWORD]
    submitted["environment"]["TOKEN"] = [KEY]
    with pytest.raises(ConfigError) as raised:
        client.submit(submitted)
    told = str(raised.value) + json.dumps([problem.to_dict() for problem in raised.value.problems])
    assert {problem.path for problem in raised.value.problems} >= {"arguments", "environment.TOKEN"}
    assert KEY not in told
    assert PASSWORD not in told
    assert files_with_secrets(daemon_home) == set()
    assert not list((daemon_home / "runs").glob("0*"))


def test_a_run_that_never_starts_leaves_none(
    client: TrainerClient, daemon_home: Path, submitted: dict[str, Any], wait_until: Callable[..., Any]
) -> None:
    run_id = client.submit(submitted)
    folder = RunFolder.of(daemon_home, run_id)
    client.cancel(run_id, wait=True)
    wait_until(lambda: not secret_files(folder), "the private files are gone")
    folder.secrets("000001").write_text("{}")
    assert not is_finished(folder)
    assert finalize_run(folder, RunState.LOST, "gone").state is RunState.CANCELLED
    assert not secret_files(folder)
