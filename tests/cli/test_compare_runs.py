"""Groups of runs are compared by the command."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

CODE = """
for number in range(20):
    say(event_type='episode', ep_index=number, total_reward=LEVEL + number, steps=10)
"""


@pytest.fixture
def runs(script: Any) -> list[str]:
    """Two seeds each of two levels."""
    ids = []
    for level in (10, 100):
        for seed in (1, 2):
            code = CODE.replace("LEVEL", str(level + seed))
            words = ("train", "saver", f"--set=code={code}", "--name", f"level {level} s{seed}", "--tag", f"l{level}")
            ended = script(*words, "--json")
            assert ended.code == 0, ended.stderr
            ids.append(str(ended.runs[0]["run_id"]))
    return ids


def test_groups_have_n_a_centre_and_a_range(script: Any, runs: list[str]) -> None:
    found = script("runs", "compare", "--group-by", "tag", "--statistic", "median,range", "--json").json
    assert (found["centre"], found["spread"]) == ("median", "range")
    high, low = found["groups"]
    assert (high["key"], sorted(high["run_ids"])) == ({"tag": ["l100"]}, sorted(runs[2:]))
    assert high["returns"] == {"count": 2, "centre": 111.0, "low": 110.5, "high": 111.5}
    assert low["curve"]["steps"][0] == 10.0
    assert (low["curve"]["centre"][0], low["curve"]["count"]) == (11.5, 2)
    table = script("runs", "compare", "--group-by", "tag", "--statistic", "iqm,bootstrap").stdout.splitlines()
    assert table[0].split() == ["group", "n", "return", "(iqm)", "bootstrap", "best", "bootstrap", "far", "off"]
    assert table[1].split()[:7] == ["tag:", "l100", "2", "111.0", "110.5", "to", "111.5"]
    rows = list(
        csv.DictReader(io.StringIO(script("runs", "compare", "-q", "tag:l10", "--group-by", "", "--csv").stdout))
    )
    assert [(row["group"], row["runs"]) for row in rows[:1]] == [("all", "2")]
    assert (float(rows[0]["step"]), float(rows[0]["centre"])) == (10.0, 11.5)
    named = script("runs", "compare", runs[0], runs[3], "--group-by", "tag", "--json").json["groups"]
    assert [group["run_ids"] for group in named] == [[runs[3]], [runs[0]]]


def test_an_unknown_statistic_and_field_are_refused(script: Any, runs: list[str]) -> None:
    refused = script("runs", "compare", "--statistic", "men,std")
    assert refused.code != 0
    assert "did you mean 'mean'" in refused.stderr
    assert "has no field 'levl'" in script("runs", "compare", "--group-by", "levl").stderr
