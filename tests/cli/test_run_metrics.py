"""The series of a run are listed and printed by the command."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

CODE = """
for number in range(100):
    say(event_type='metric', step=10 * number, values={'loss': 100 - number, 'odd\\x1b[31m': 1})
say(event_type='metric', step=1000, values={'loss': float('nan')})
for number in range(3):
    say(event_type='episode', ep_index=number, total_reward=number + 0.5, steps=10)
"""


@pytest.fixture
def run(script: Any) -> str:
    """A run that has ended."""
    ended = script("train", "saver", f"--set=code={CODE}", "--name", "one", "--json")
    assert ended.code == 0, ended.stderr
    return str(ended.runs[0]["run_id"])


def test_series_are_listed_and_printed(script: Any, run: str) -> None:
    names = script("runs", "metrics", "one", "--json").json
    assert names["run_id"] == run
    found = {each["name"]: each for each in names["names"]}
    assert (found["loss"]["count"], found["loss"]["low"], found["loss"]["high"]) == (101, 1.0, 100.0)
    assert (found["loss"]["last"], found["loss"]["non_finite"]) == (None, {"last": "NaN"})
    assert (found["return"]["count"], found["return"]["last"]) == (3, 2.5)
    listed = script("runs", "metrics", "one")
    assert [line.split()[:3] for line in listed.stdout.splitlines()[:2]] == [
        ["name", "values", "last"],
        ["return", "3", "2.5"],
    ]
    assert "\x1b" not in listed.stdout + script("runs", "metrics", "one", "--csv").stdout

    (series,) = script("runs", "metrics", "one", "loss", "--json").json["series"]
    (line,) = series["lines"]
    assert (line["width"], line["first_x"][:2], line["mean"][:2]) == (1, [0.0, 10.0], [100.0, 99.0])
    assert (line["marks"]["kind"], line["marks"]["x"]) == (["nan"], [1000.0])
    table = script("runs", "metrics", "one", "loss", "return")
    assert "1 value is nan, the first at step 1,000" in table.stderr
    assert "highest" in table.stdout

    rows = list(csv.DictReader(io.StringIO(script("runs", "metrics", "one", "loss", "--points", "2", "--csv").stdout)))
    assert [row["count"] for row in rows] == ["64", "36", "1"]
    assert [(row["low"], row["high"]) for row in rows] == [("37.0", "100.0"), ("1.0", "36.0"), ("nan", "nan")]
    part = script("runs", "metrics", "one", "loss", "--from", "10", "--to", "30", "--json").json["series"][0]["lines"][
        0
    ]
    assert part["first_x"] == [10.0, 20.0, 30.0]


def test_a_wrong_name_is_refused_with_the_nearest(script: Any, run: str) -> None:
    refused = script("runs", "metrics", run, "lss")
    assert refused.code == 2
    assert "there is no series 'lss'" in refused.stderr
    assert "'loss'" in refused.stderr
    assert f"mosaic runs metrics {run}" in refused.stderr
