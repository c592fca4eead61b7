"""Several agents of one environment, by the real command and daemon."""

from __future__ import annotations

from typing import Any

import pytest

from gym_gui.runs.folder import RunFolder
from gym_gui.telemetry.reader import RunReader


def test_what_each_agent_got_is_shown(mosaic: Any, home: Any) -> None:
    pytest.importorskip("pettingzoo")
    settings = ["--set", "env_id=classic/tictactoe_v3", "--set", "total_steps=0", "--set", "episodes=30"]
    run_id = mosaic("train", "random", *settings, "--seed", "1", "--json").json["run_id"]
    shown = mosaic("runs", "show", run_id, "--json").json
    (worker,) = shown["workers"]
    first, second = worker["agents"]
    assert (first["agent_id"], second["agent_id"]) == ("player_1", "player_2")
    assert first["episodes"] == second["episodes"] == worker["episodes"] == 30
    assert first["mean_return_100"] == -second["mean_return_100"] != 0
    assert shown["mean_return_100"] == 0
    text = mosaic("runs", "show", run_id).stdout
    assert "player_1" in text
    assert "player_2" in text
    steps = RunReader(RunFolder.of(home, run_id)).steps(limit=10_000)
    assert len({step.step_index for step in steps}) == len(list(steps)) == worker["steps"]
    assert {step.agent_id for step in steps} == {"player_1", "player_2"}
    assert mosaic("runs", "verify", run_id, "--json").runs[0]["ok"] is True
