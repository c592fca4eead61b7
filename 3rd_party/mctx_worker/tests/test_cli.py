"""The worker as the process that a run starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.library, pytest.mark.process]


@pytest.mark.parametrize(
    ("settings", "moment"),
    [
        ({"steps": "all"}, '"episode"'),
        ({"steps": "none", "eval_interval": 1, "eval_simulations": 256}, "_mean_reward"),
    ],
    ids=["self-play", "evaluation"],
)
def test_sigterm_saves_a_checkpoint(
    tmp_path: Path, small: dict[str, Any], settings: dict[str, Any], moment: str
) -> None:
    config = {**small, "run_id": "c", "seed": 3, "total_steps": 10_000_000, "checkpoint_interval": 0, **settings}
    (tmp_path / "config.json").write_text(json.dumps(config))
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    with subprocess.Popen(
        [sys.executable, "-m", "mctx_worker.cli", "--config", "config.json"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path, "MOSAIC_HOME": str(tmp_path / "home")},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if moment in line:
                break
        process.send_signal(signal.SIGTERM)
        lines += process.stdout
    assert process.returncode == 143, lines[-1]
    events = [json.loads(line) for line in lines]
    named = [event for event in events if event.get("event", "heartbeat") != "heartbeat"]
    assert [event["event"] for event in named] == ["run_started", "checkpoint_saved", "run_cancelled"]
    assert named[1]["payload"]["step"] == named[2]["payload"]["step"] > 0
