"""A run's rows on the command line, while it goes and afterwards."""

from __future__ import annotations

import json
from typing import Any

STEPS = "[say(event_type='step', step_index=i, ep_index=0, reward=1.0, action=[i]) for i in range(5)]"
REST = (
    "; say(event_type='episode', ep_index=0, total_reward=7.5, steps=5)"
    "; say(event_type='metric', step=4, values={'loss': float('nan')})"
)


def test_rows_are_printed_in_the_order_of_the_logs(script: Any) -> None:
    assert script("train", "script", f"--set=code={STEPS}{REST}", "--detach").code == 0
    ended = script("runs", "tail", "latest", "--json")
    assert ended.code == 0, ended.stderr
    rows = [json.loads(line) for line in ended.stdout.splitlines()]
    mine = [row for row in rows if row["worker_id"]]
    assert [row["kind"] for row in mine] == ["event", *["step"] * 5, "episode", "metric", "event"]
    assert [row["action"] for row in mine if row["kind"] == "step"] == [[0], [1], [2], [3], [4]]
    assert (mine[-2]["value"], mine[-2]["non_finite"]) == (None, {"value": "NaN"})
    assert {"launch", "exit"} <= {row["event"] for row in rows if not row["worker_id"]}

    lines = script("runs", "tail", "latest", "--kinds", "episodes,metric").stdout.splitlines()
    assert [line.split() for line in lines] == [
        ["000001", "episode", "0", "return", "7.5", "steps", "5"],
        ["000001", "metric", "4", "loss", "nan"],
    ]


def test_steps_in_excess_are_told(script: Any) -> None:
    many = "[say(event_type='step', step_index=i) for i in range(500)]"
    assert script("train", "script", f"--set=code={many}").code == 0
    shown = script("runs", "tail", "latest", "--kinds", "step", "--max-rate", "10").stdout
    left_out = sum(int(line.split()[2].replace(",", "")) for line in shown.splitlines() if "left out" in line)
    steps = [line for line in shown.splitlines() if " step " in line]
    assert left_out + len(steps) == 500
    assert steps[-1].split()[2] == "499"
    assert len(script("runs", "tail", "latest", "--kinds", "step", "--max-rate", "0").stdout.splitlines()) == 500


def test_an_unknown_kind_is_refused_with_the_nearest(script: Any) -> None:
    ended = script("runs", "tail", "latest", "--kinds", "stpes")
    assert ended.code == 2
    assert "step" in ended.stderr
