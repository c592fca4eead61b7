"""Returns and lengths are right with every Gymnasium that the SDK promises, and every way of resetting."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
CHECKS = Path(__file__).parent / "gymnasium_checks.py"

LONG_STEPS = [[1.0, 1.0], [10.0, 2.0], [100.0, 3.0]]
"""Reward and observation of the steps of an episode of three: the sum is 111."""
TWO_LONG = {"episodes": [[None, 111.0, 3, None]] * 2, "steps": LONG_STEPS * 2}

#: Eight steps of two environments, one whose episodes take three steps and return 111, one with one step and 1.
#: With NextStep a step is spent on each reset: environment 0 ends at steps 3 and 7, environment 1 at 1, 3, 5, 7.
NEXT_STEP = [[1, 1.0, 1], [0, 111.0, 3], [1, 1.0, 1], [1, 1.0, 1], [0, 111.0, 3], [1, 1.0, 1]]
#: Otherwise environment 0 ends at steps 3 and 6, environment 1 at each.
EACH_STEP = [[1, 1.0, 1]] * 2 + [[0, 111.0, 3]] + [[1, 1.0, 1]] * 3 + [[0, 111.0, 3]] + [[1, 1.0, 1]] * 3
NEXT_STEP_OBSERVATIONS = [1.0, 1.0, 2.0, 3.0, 1.0, 1.0, 1.0, 2.0, 3.0, 1.0]
EACH_STEP_OBSERVATIONS = [1.0, 1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 1.0, 2.0, 1.0, 3.0, 1.0, 1.0, 1.0, 2.0, 1.0]


def told_by(python: str | Path) -> dict[str, Any]:
    done = subprocess.run(
        [str(python), str(CHECKS)],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def unchanged(episodes: list[list[Any]]) -> list[list[Any]]:
    return [[*episode, None] for episode in episodes]


def changed(episodes: list[list[Any]]) -> list[list[Any]]:
    """The same where wrappers divide rewards by ten: the return is the environment's, their sum stands beside it."""
    return [[*episode, episode[1] / 10] for episode in episodes]


def check(told: dict[str, Any], modes: set[str]) -> None:
    single = told["single"]
    for name in (
        "autoreset inside",
        "autoreset outside",
        "statistics outside of autoreset",
        "statistics inside of autoreset",
    ):
        assert single[name] == TWO_LONG, name
    assert single["autoreset inside, one step"] == {"episodes": [[None, 1.0, 1, None]] * 2, "steps": [[1.0, 1.0]] * 2}
    assert single["changed rewards"]["episodes"] == [[None, 111.0, 3, 11.1]] * 2
    assert single["float16"] == [[None, 5000.0, 5000, None]]
    ((_, total, steps, reward_sum),) = single["float32"]
    assert (total, steps, reward_sum) == (pytest.approx(20000 * 0.10000000149011612, rel=1e-12), 20000, None)
    assert set(told) - {"version", "single"} == modes
    for mode in modes:
        next_step = mode == "NextStep"
        episodes = NEXT_STEP if next_step else EACH_STEP
        observations = NEXT_STEP_OBSERVATIONS if next_step else EACH_STEP_OBSERVATIONS
        for name in ("plain", "statistics inside", "statistics outside", "autoreset inside"):
            assert told[mode][name]["episodes"] == unchanged(episodes), (mode, name)
            assert [observation for _, observation in told[mode][name]["steps"]] == observations, (mode, name)
        assert told[mode]["in processes"] == unchanged(episodes), mode
        assert told[mode]["changed rewards"]["episodes"] == changed(episodes), mode
        assert told[mode]["changed outside"] == (changed(episodes) if next_step else None)


def test_the_gymnasium_at_hand() -> None:
    check(told_by(sys.executable), {"NextStep", "SameStep", "Disabled"})


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("version", ["1.0.0", "1.1.1", "1.2.0", "1.2.3", "1.3.0", "newest"])
def test_other_versions(version: str, tmp_path: Path) -> None:
    venv.create(tmp_path / "env", with_pip=True)
    python = tmp_path / "env" / "bin" / "python"
    wanted = "gymnasium" if version == "newest" else f"gymnasium=={version}"
    subprocess.run([python, "-m", "pip", "install", "--quiet", wanted], check=True, timeout=500)
    told = told_by(python)
    assert version in ("newest", told["version"])
    check(told, {"NextStep"} if version == "1.0.0" else {"NextStep", "SameStep", "Disabled"})
