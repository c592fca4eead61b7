"""The disk quota of a run, through a real daemon and a worker at full speed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.folder import RunFolder
from gym_gui.runs.states import RunState
from gym_gui.telemetry.verify import verify_run
from gym_gui.trainer.disk_quota import folder_size, quota_note


@pytest.mark.parametrize(("setting", "own"), [("0.5", None), ("0", 0.5), ("1000", 0.5)])
def test_a_run_that_reached_its_quota_keeps_every_episode_and_counts_the_steps_left_out(
    daemon_home: Path,
    random_config: Callable[..., dict[str, Any]],
    wait_until: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    setting: str,
    own: float | None,
) -> None:
    monkeypatch.setenv("MOSAIC_MAX_RUN_DISK_MB", setting)
    with TrainerClient.connect(daemon_home) as client:
        run_id = client.submit(
            {
                **random_config(total_steps=10**9, step_rate=5000.0),
                "limits": {"shutdown_timeout_s": 3.0, "disk_mb": own},
            }
        )
        wait_until(lambda: client.get(run_id).ledger.sampled > 5000, "steps are left out", 60.0)
        assert "0.5: from then on" in client.why(run_id).meaning
        run = client.cancel(run_id, wait=True)
    assert run.state is RunState.CANCELLED
    folder = RunFolder.of(daemon_home, run_id)
    assert verify_run(folder).ok
    with closing(sqlite3.connect(folder.database)) as database:
        lengths = database.execute("SELECT ep_index, steps FROM episodes ORDER BY ep_index").fetchall()
        kept = dict(database.execute("SELECT ep_index, count(*) FROM steps GROUP BY ep_index").fetchall())
    assert [number for number, _ in lengths] == list(range(len(lengths)))
    partial = [number for number, steps in lengths if kept.get(number, 0) not in (0, steps)]
    assert partial == []
    assert any(number not in kept for number, _ in lengths)


def test_sizes_and_notes(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    folder.create()
    assert folder_size(folder.path) == 0
    assert quota_note(folder) == ""
    (folder.logs / "a").write_bytes(b"x" * 1000)
    (folder.logs / "link").symlink_to("/nowhere")
    assert folder_size(folder.path) == 1000 + len("/nowhere")
    folder.no_steps.write_text(json.dumps({"bytes": 3 << 20, "limit_bytes": 2 << 20}))
    assert "3.0 MiB of 2.0" in quota_note(folder)
