"""Workers get the environment of whoever submits, not that of whoever started the daemon."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

NAMES = ("FOO", "TZ", "PYTHONPATH", "CUDA_VISIBLE_DEVICES", "MUJOCO_GL", "XLA_FLAGS", "MY_PIN", "PATH")
PROBE = f"import json, os; print(json.dumps({{name: os.environ.get(name) for name in {NAMES}}}), flush=True)"
SAVER = f"""
open('c.bin', 'w').write('weights')
import json, os
say(event='checkpoint_saved', payload={{'path': os.path.abspath('c.bin'), 'step': 7}})
print(json.dumps({{name: os.environ.get(name) for name in {NAMES}}}), flush=True)
"""


def seen(script: Any) -> list[dict[str, Any]]:
    """What the newest run saw of the variables."""
    lines = [
        json.loads(line) for line in script("runs", "logs", "latest", "-n", "0").stdout.splitlines() if '"FOO"' in line
    ]
    return [line for line in lines if set(line) == set(NAMES)]


def environment_of(pid: int) -> dict[str, str]:
    text = Path(f"/proc/{pid}/environ").read_bytes().decode()
    return dict(item.split("=", 1) for item in text.split("\0") if item)


def test_the_daemon_keeps_nothing_of_the_shell_that_started_it(script: Any, home: Path, tmp_path: Path) -> None:
    first = {"FOO": "first", "TZ": "Asia/Tokyo", "CUDA_VISIBLE_DEVICES": "7", "MUJOCO_GL": "osmesa", "LD_PRELOAD": ""}
    assert script("daemon", "start", **first).code == 0
    pid = json.loads((home / "daemon.json").read_text())["pid"]
    assert not {"FOO", "CUDA_VISIBLE_DEVICES", "MUJOCO_GL", "PYTHONPATH", "LD_PRELOAD"} & set(environment_of(pid))

    config = tmp_path / "run.json"
    config.write_text(json.dumps({"run_name": "probe", "entry_point": "probe-python", "arguments": ["-c", PROBE]}))
    tools = tmp_path / "tools"  # on the PATH of the second shell alone
    tools.mkdir()
    (tools / "probe-python").symlink_to(os.path.realpath("/proc/self/exe"))
    second = {
        "FOO": "second", "MUJOCO_GL": "egl", "PYTHONPATH": "/second", "MY_PIN": "1",
        "PATH": f"{tools}:{os.environ['PATH']}",
    }  # fmt: skip
    ended = script("run", str(config), "--setenv", "MY_PIN", "--setenv", "XLA_FLAGS=--a=b", "--json", **second)
    assert ended.code == 0, ended.stderr
    (values,) = seen(script)
    assert values == {
        "FOO": None, "TZ": os.environ.get("TZ"), "PYTHONPATH": "/second", "CUDA_VISIBLE_DEVICES": "",
        "MUJOCO_GL": "egl", "XLA_FLAGS": "--a=b", "MY_PIN": "1", "PATH": second["PATH"],
    }  # fmt: skip
    recorded = json.loads((home / "runs" / ended.json["run_id"] / "run.json").read_text())["config"]
    assert recorded["environment"] == {"MY_PIN": "1", "XLA_FLAGS": "--a=b"}
    assert recorded["base_environment"]["MUJOCO_GL"] == "egl"


def test_it_is_reproduced_by_later_attempts_and_after_a_restart_of_the_daemon(
    script: Any, home: Path, tmp_path: Path, wait_until: Any
) -> None:
    gate, began = tmp_path / "gate", tmp_path / "began"
    code = (
        f"{PROBE}\nimport pathlib, sys, time\npathlib.Path({str(began)!r}).touch()\n"
        f"while not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.05)\n"
        "sys.exit(3 if os.environ['MOSAIC_ATTEMPT'] == '1' else 0)"
    )
    config = tmp_path / "run.json"
    limits = {"max_attempts": 2}
    config.write_text(
        json.dumps({"run_name": "two", "entry_point": "python3", "arguments": ["-c", code], "limits": limits})
    )
    run_id = script("run", str(config), "--detach", "--json", MUJOCO_GL="egl", FOO="a").json["run_id"]
    wait_until(began.exists, "the first attempt")
    assert script("daemon", "stop").code == 0
    assert script("daemon", "start", MUJOCO_GL="other", XLA_FLAGS="other", FOO="b").code == 0
    time.sleep(0.1)
    gate.touch()
    assert script("runs", "watch", run_id).code == 0
    logs = sorted((home / "runs" / run_id / "logs").glob("*.stdout.jsonl"))
    values = [json.loads(log.read_text()) for log in logs]
    assert len(values) == 2
    assert values[0] == values[1]
    assert (values[0]["MUJOCO_GL"], values[0]["XLA_FLAGS"], values[0]["FOO"]) == ("egl", None, None)


def test_it_is_reproduced_by_resume_and_evaluate(script: Any) -> None:
    first = script("train", "saver", f"--set=code={SAVER}", "--setenv", "FOO=1", "--json", MUJOCO_GL="egl")
    assert first.code == 0, first.stderr
    (before,) = seen(script)
    for command in ("resume", "evaluate"):
        again = script(command, first.json["run_id"], "--json", MUJOCO_GL="osmesa", XLA_FLAGS="-x")
        assert again.code == 0, again.stderr
        assert seen(script) == [before]
    changed = script("resume", first.json["run_id"], "--setenv", "MUJOCO_GL", "--json", MUJOCO_GL="osmesa")
    assert changed.code == 0, changed.stderr
    assert seen(script) == [{**before, "MUJOCO_GL": "osmesa"}]


def test_what_cannot_be_set_is_refused(script: Any, untouched: None) -> None:
    for words, told in (
        (["--setenv", "=1"], "does not name a variable"),
        (["--setenv", "1A=3"], "is not a name that a shell can set"),
        (["--setenv", "A B=3"], "is not a name that a shell can set"),
        (["--setenv", "A=1", "--setenv", "A=2"], "sets A twice"),
        (["--setenv", "NOT_THERE"], "you have no such variable"),
        (["--setenv", "MOSAIC_LOG=/x"], "is set by MOSAIC itself"),
    ):
        refused = script("train", "script", *words, "--no-check")
        assert refused.code == 2
        assert told in refused.stderr


def test_a_value_that_is_not_utf_8_is_refused(script: Any, untouched: None) -> None:
    refused = script("train", "script", "--no-check", MUJOCO_GL=os.fsdecode(b"caf\xe9"))
    assert refused.code == 2
    assert "base_environment.MUJOCO_GL" in refused.stderr
