"""Resources and limits on the command line."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.cli.overrides import parse_duration, parse_size

UUID = "GPU-11111111-2222-3333-4444-555555555555"
SAVES = "import os; open('c', 'w').write('x'); say(event='checkpoint_saved', payload={'path': os.path.abspath('c')})"


@pytest.mark.parametrize(
    ("text", "mib"), [("8G", 8192), ("512M", 512), ("512MB", 512), ("1.5GiB", 1536), ("1t", 1 << 20)]
)
def test_sizes(text: str, mib: int) -> None:
    assert parse_size(text) == mib


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("45m", 2700), ("2h30m", 9000), ("1d", 86400), ("1.5h", 5400), ("1h 5s", 3605)]
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "8", "G", "8K", "-1G", "8 G x", "1e3M", "nan"])
def test_a_size_has_a_unit(text: str) -> None:
    with pytest.raises(ValueError, match="like 512M or 8G"):
        parse_size(text)


@pytest.mark.parametrize("text", ["", "30", "h", "1h2h", "-5m", "0s", "2:30", "1h30"])
def test_a_duration_has_units(text: str) -> None:
    with pytest.raises(ValueError, match="like 90s, 45m or 2h30m"):
        parse_duration(text)


@pytest.mark.parametrize("parse", [parse_size, parse_duration])
@given(text=st.text(st.sampled_from("0123456789.smhdwGMTiB -e")))
def test_whatever_is_written_is_read_or_refused(parse: Callable[[str], float], text: str) -> None:
    with contextlib.suppress(ValueError):
        assert parse(text) > 0


def test_they_reach_the_run_config_and_those_that_follow_from_it(script: Any, home: Path) -> None:
    options = ["--cpus", "1", "--memory", "512M", "--wall-time", "1h30m", "--max-attempts", "2", "--gpus", "0"]
    first = script("train", "saver", f"--set=code={SAVES}", *options, "--json").json["run_id"]

    def recorded(run_id: str) -> tuple[Any, Any]:
        config = json.loads((home / "runs" / run_id / "run.json").read_text())["config"]
        limits = config["limits"]
        return config["resources"], (limits["wall_time_s"], limits["max_attempts"])

    gpus = {"requested": 0, "mandatory": False}
    assert recorded(first) == ({"cpus": 1, "memory_mb": 512, "gpus": gpus}, (5400.0, 2))
    evaluated = script("evaluate", first, "--memory", "1G", "--json").json["run_id"]
    assert recorded(evaluated) == ({"cpus": 1, "memory_mb": 1024, "gpus": gpus}, (5400.0, 2))
    resumed = script("resume", first, "--max-attempts", "3", "--json").json["run_id"]
    assert recorded(resumed) == ({"cpus": 1, "memory_mb": 512, "gpus": gpus}, (5400.0, 3))
    config = home / "config.json"
    config.write_text(json.dumps({"run_name": "a", "entry_point": "true", "limits": {"max_attempts": 4}}))
    ran = script("run", str(config), "--wall-time", "30s", "--json").json["run_id"]
    assert recorded(ran)[1] == (30.0, 4)


def test_what_a_machine_does_not_have_is_refused(script: Any, home: Path) -> None:
    for option, told in (
        (("--gpus", "1"), "1 GPU asked for, 0 there (no GPU found"),
        (("--memory", "2048"), "write a number with its unit"),
        (("--wall-time", "90"), "write numbers with their units"),
        (("--memory", "100M"), "resources.memory_mb"),
    ):
        refused = script("train", "script", *option)
        assert refused.code == 2
        assert told in refused.stderr
    assert not list((home / "runs").glob("0*"))


def test_the_next_step_fits_what_is_wrong(script: Any) -> None:
    described = "mosaic workers describe script"
    for arguments, worker_is_at_fault in (
        (("--set", "total_steps=many"), True),
        (("--worker-id", "../x"), True),
        (("--name", "a\nb"), False),
        (("--tag", ""), False),
        (("--setenv", "MOSAIC_HOME=/x"), False),
        (("--gpus", "1"), False),
    ):
        refused = script("train", "script", *arguments)
        assert refused.code == 2
        told = refused.stderr.partition("  next:  ")[2].strip()
        assert (described in told) == worker_is_at_fault, arguments
        assert worker_is_at_fault or told.endswith("and run it again. Nothing was written.")


def test_a_worker_that_can_use_a_gpu_gets_one_or_it_is_said_why_not(script: Any, tmp_path: Path) -> None:
    """There is no GPU here: a stand-in nvidia-smi tells of one."""
    smi = tmp_path / "bin" / "nvidia-smi"
    smi.parent.mkdir()
    smi.write_text(f"#!/bin/sh\necho {UUID}\n")
    smi.chmod(0o755)
    train = ("train", "hoarder", "--no-check")
    plain = script(*train)
    assert "training on CPU: no GPU found" in plain.stdout + plain.stderr
    detached = script(*train, "--seeds", "1,2", "--detach")
    assert detached.stderr.count("training on CPU: no GPU found") == 1
    assert len(detached.stdout.split()) == 2
    chosen = script(*train, "--gpus", "0", "--detach", "--json")
    assert "training on CPU: the run asks for no GPU (--gpus 0)" in chosen.stderr
    for run_id in [*detached.stdout.split(), chosen.json["run_id"]]:
        script("runs", "watch", run_id)
    assert script("daemon", "stop").code == 0

    more = {"PATH": f"{smi.parent}:{os.environ['PATH']}"}
    given_one = script(*train, **more)
    assert "training on CPU" not in given_one.stdout + given_one.stderr
    shown = script("runs", "show", "latest").stdout
    assert f"000001 on GPU {UUID}" in shown
    refused = script(*train, "--set", "cuda=false", **more)
    assert "training on CPU: its config has cuda=False" in refused.stdout + refused.stderr
    doctor = script("doctor", **more).stdout
    assert f"1 GPU, found by nvidia-smi: {UUID}" in doctor
