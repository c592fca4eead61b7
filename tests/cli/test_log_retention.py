"""What becomes of the logs once a run has ended, by the real command and daemon."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gym_gui.runs.folder import RunFolder


def start(mosaic: Any, home: Path, compress_mb: str = "0", **more: Any) -> str:
    worker = {"worker_id": "random", "config": {"env_id": "CartPole-v1", "total_steps": 3000, "seed": 1}}
    config = home / "run.json"
    config.write_text(json.dumps({"run_name": "r", "metadata": {"worker": worker}, **more}))
    run_id: str = mosaic("run", str(config), "--json", MOSAIC_COMPRESS_LOGS_MB=compress_mb).json["run_id"]
    return run_id


def test_logs_are_dropped_once_the_books_were_checked(mosaic: Any, home: Path, wait_until: Callable[..., Any]) -> None:
    run_id = start(mosaic, home, artifacts={"persist_logs": False})
    folder = RunFolder.of(home, run_id)
    wait_until(lambda: not folder.stdout_log("000001", 1).exists(), "the log is dropped")
    assert folder.supervisor_log.exists()
    wait_until(lambda: not (home / "runs" / ".live" / run_id).exists(), "nothing is left to do")
    shown = mosaic("runs", "show", run_id, "--json").json
    assert shown["logs"].startswith("dropped after a recount")
    assert "dropped after a recount" in mosaic("runs", "show", run_id).stdout
    (report,) = mosaic("runs", "verify", run_id, "--json").runs
    assert report["ok"] is True
    assert report["ledger"]["lines"] == shown["ledger"]["lines"] > 3000
    assert "dropped" in mosaic("runs", "verify", run_id).stdout
    printed = mosaic("runs", "logs", run_id, "--json")
    assert printed.code == 0
    assert printed.json["lines"] == []
    assert "was dropped" in printed.json["dropped"]
    assert mosaic("runs", "logs", run_id, "--supervisor", "--json").json["lines"]
    rebuilt = mosaic("runs", "reindex", run_id)
    assert rebuilt.code == 0
    assert "rows copied unchanged" in rebuilt.stdout
    assert mosaic("runs", "verify", run_id).code == 0
    (archived,) = mosaic("runs", "archive", run_id, "--yes", "--json").json["archived"]
    assert archived["logs"].startswith("dropped after a recount")
    with tarfile.open(archived["archive"]) as tar:
        assert f"{run_id}/logs/000001.a1.stdout.jsonl.record.json" in tar.getnames()


def test_long_logs_are_compressed(mosaic: Any, home: Path, wait_until: Callable[..., Any]) -> None:
    run_id = start(mosaic, home, compress_mb="0.01")
    folder = RunFolder.of(home, run_id)
    log = folder.stdout_log("000001", 1)
    wait_until(lambda: not log.exists(), "the log is compressed")
    assert log.with_name(f"{log.name}.gz").exists()
    assert mosaic("runs", "show", run_id, "--json").json["logs"].startswith("compressed: 1 log, ")
    lines = mosaic("runs", "logs", run_id, "--json", "-n", "0").json["lines"]
    assert json.loads(lines[0])["event"] == "run_started"
    assert len(lines) == mosaic("runs", "show", run_id, "--json").json["ledger"]["lines"]
    assert mosaic("runs", "verify", run_id).code == 0
    assert mosaic("runs", "reindex", run_id).code == 0
    assert mosaic("runs", "verify", run_id).code == 0
