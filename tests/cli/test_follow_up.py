"""``resume`` and ``evaluate``: new runs from the checkpoints of others."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shutil
from pathlib import Path
from typing import Any

CODE = """
import os
path = os.path.abspath('c.bin')
open(path, 'w').write('weights')
if config.get('mode') != 'evaluate':
    say(event='checkpoint_saved', payload={'path': path, 'step': 7})
names = ('mode', 'checkpoint_path', 'total_steps', 'eval_episodes')
say(event='heartbeat', payload={name: config.get(name) for name in names})
"""


def given(script: Any) -> Any:
    """What the newest run's worker was given."""
    for line in script("runs", "logs", "latest", "-n", "0").stdout.splitlines():
        event = json.loads(line)
        if event["event"] == "heartbeat":
            return event["payload"]
    raise AssertionError("no word of the worker")


def test_settings_that_a_follow_up_cannot_have(script: Any, home: Path) -> None:
    parent = script("train", "saver", f"--set=code={CODE}", "--json").runs[0]
    done = script("evaluate", parent["run_id"], "--set", "mode=train", "--set", "checkpoint_path=x")
    assert done.code == 2
    assert 'mode = "train": follows from the command (allowed: leave it out: the run is to evaluate)' in done.stderr
    assert 'checkpoint_path = "x": follows from the command (allowed: --checkpoint PATH)' in done.stderr
    done = script("resume", parent["run_id"], "--set", "total_step=5")
    assert done.code == 2
    assert "did you mean 'total_steps'" in done.stderr


def test_resume_and_evaluate(script: Any, home: Path) -> None:
    parent = script("train", "saver", f"--set=code={CODE}", "--seed", "5", "--tag", "t", "--json").runs[0]
    assert parent["state"] == "completed"
    checkpoint = str(home / "runs" / parent["run_id"] / "work" / "000001" / "c.bin")

    evaluated = script("evaluate", "latest", "--episodes", "9", "--json")
    assert evaluated.code == 0, evaluated.stderr
    assert checkpoint in evaluated.stderr
    assert given(script) == {"mode": "evaluate", "checkpoint_path": checkpoint, "total_steps": None, "eval_episodes": 9}
    assert evaluated.runs[0]["parent_run_id"] == parent["run_id"]
    assert (evaluated.runs[0]["seed"], evaluated.runs[0]["tags"]) == (5, ["t"])
    assert evaluated.runs[0]["run_name"] == "saver s5 evaluated"

    again = script("evaluate", "latest", "--json")  # of the evaluation: it has no checkpoint but the one it began with
    assert again.code == 0, again.stderr
    assert given(script)["checkpoint_path"] == checkpoint
    assert again.runs[0]["run_name"] == "saver s5 evaluated"

    resumed = script("resume", parent["run_id"], "--steps", "100", "--json")
    assert resumed.code == 0, resumed.stderr
    assert given(script) == {"mode": "resume", "checkpoint_path": checkpoint, "total_steps": 107, "eval_episodes": None}
    assert script("resume", parent["run_id"], "--json").code == 0
    assert given(script)["total_steps"] is None

    changed = script("resume", parent["run_id"], "--set", "total_steps=50", "--json")
    assert changed.code == 0, changed.stderr
    assert given(script)["total_steps"] == 50
    finished = changed.runs[0]["run_id"]
    both = script("resume", finished, "--steps", "100", "--set", "total_steps=50")
    assert both.code == 2
    assert "total_steps = 50: is also given by --steps" in both.stderr

    done = script("resume", parent["run_id"], "--checkpoint", str(home / "none"))
    assert done.code == 2
    assert "no such checkpoint" in done.stderr


def test_what_cannot_be_continued_is_refused(script: Any, home: Path) -> None:
    finished = CODE.replace("'step': 7", "'step': 10")
    script("train", "saver", f"--set=code={finished}")
    refused = script("resume", "latest")
    assert refused.code == 2
    assert "all 10 steps of the run are done" in refused.stderr
    assert "--steps N" in refused.stderr

    script("train", "saver")
    refused = script("evaluate", "latest")
    assert refused.code == 2
    assert "has no checkpoint" in refused.stderr

    run_id = script("train", "saver", "--set=code=import time; time.sleep(600)", "--detach", "--json").json["run_id"]
    refused = script("resume", run_id)
    assert refused.code == 2
    assert "has not ended" in refused.stderr
    assert script("runs", "cancel", run_id, "--wait").code == 0
    assert len(list((home / "runs").glob("0*"))) == 3


def saving(**told: Any) -> str:
    """Code that announces a checkpoint with some facts."""
    return CODE.replace("'step': 7}", f"'step': 7, **{told!r}}}")


def test_other_versions_are_said_before_anything_is_loaded(script: Any) -> None:
    old = {"python": platform.python_version(), "click": "0.1", "no-such-library": "2.0"}
    script("train", "saver", f"--set=code={saving(algorithm='Q', libraries=old)}")
    warned = script("evaluate", "latest", "--json")
    assert warned.code == 0, warned.stderr
    assert "click was 0.1 and is " in warned.stderr
    assert "no-such-library was 2.0 and is not installed" in warned.stderr
    assert warned.stderr.index("click was 0.1") < warned.stderr.index("begins with /")
    (start,) = warned.runs[0]["checkpoints"]
    assert (start["algorithm"], start["step"], start["libraries"]) == ("Q", 7, old)
    assert [difference["library"] for difference in start["differences"]] == ["click", "no-such-library"]

    # The evaluation has no checkpoint of its own: that of the first run is known all the same.
    again = script("evaluate", "latest", "--strict")
    assert again.code == 2
    assert "click was 0.1" in again.stderr
    assert "omit --strict" in again.stderr


def test_equal_versions_need_no_word(script: Any) -> None:
    same = {"python": platform.python_version(), "click": importlib.metadata.version("click") + "+cpu"}
    script("train", "saver", f"--set=code={saving(libraries=same)}")
    silent = script("evaluate", "latest", "--strict", "--detach", "--json")
    assert silent.code == 0, silent.stderr
    assert "warning" not in silent.stderr
    assert silent.runs[0]["checkpoints"][0]["differences"] == []
    assert script("runs", "watch", silent.json["run_id"]).code == 0

    script("train", "saver", f"--set=code={CODE}")
    unknown = script("evaluate", "latest", "--strict")
    assert unknown.code == 2
    assert "no versions are recorded" in unknown.stderr


def test_checkpoints_of_others_are_refused(script: Any, home: Path) -> None:
    other = script("train", "hoarder", f"--set=code={saving(algorithm='q')}", "--json").json["run_id"]
    strange = script("train", "saver", "--algo", "sarsa", f"--set=code={saving(algorithm='sarsa')}", "--json").json
    script("train", "saver", f"--set=code={saving(algorithm='q')}")

    def checkpoint(run_id: str) -> str:
        return str(home / "runs" / run_id / "work" / "000001" / "c.bin")

    refused = script("evaluate", "latest", "--checkpoint", checkpoint(other))
    assert refused.code == 2
    assert "belongs to another worker" in refused.stderr
    assert f"mosaic evaluate {other} --checkpoint" in refused.stderr

    refused = script("resume", "latest", "--checkpoint", checkpoint(strange["run_id"]), "--steps", "5")
    assert refused.code == 2
    assert "it was trained with sarsa" in refused.stderr
    assert f"mosaic resume {strange['run_id']} --checkpoint" in refused.stderr
    assert script("resume", strange["run_id"], "--steps", "5").code == 0


SAVES_TWO = """
import os
for step in (3, 7):
    path = os.path.abspath(f'step_{step}.bin')
    if config.get('mode') != 'evaluate':
        open(path, 'w').write('weights')
        say(event='checkpoint_saved', payload={'path': path, 'step': step})
say(event='heartbeat', payload={name: config.get(name) for name in ('checkpoint_path', 'total_steps')})
"""


def test_a_checkpoint_is_named_by_path_name_or_step(script: Any, home: Path, tmp_path: Path) -> None:
    parent = script("train", "saver", f"--set=code={SAVES_TWO}", "--json").json["run_id"]
    first = home / "runs" / parent / "work" / "000001" / "step_3.bin"
    for name in (str(first), "step_3.bin", "3"):
        assert script("resume", parent, "--checkpoint", name, "--steps", "2").code == 0
        assert given(script) == {"checkpoint_path": str(first), "total_steps": 5}
    refused = script("resume", parent, "--checkpoint", "step_4.bin")
    assert refused.code == 2
    assert "the run has step_3.bin, step_7.bin" in refused.stderr


def test_a_broken_worker_is_said(script: Any, worker_site: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    shutil.copytree(worker_site, site)
    path = {"PYTHONPATH": str(site)}
    assert script("train", "saver", f"--set=code={CODE}", **path).code == 0
    (site / "saver_worker" / "__init__.py").write_text("import a_package_that_is_gone\n")
    with (site / "saver_worker-1.2.3.dist-info" / "METADATA").open("a") as metadata:
        metadata.write("Summary: another installation\n")
    refused = script("evaluate", "latest", **path)
    assert refused.code == 2
    assert "worker saver is broken" in refused.stderr
    assert "a_package_that_is_gone" in refused.stderr
