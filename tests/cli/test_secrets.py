"""Secrets of the command's own environment: handed to the worker, asked for again when a run is continued."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

PIN, KEY = "pin-0f1e2d3c4b5a", "sk-a9b8c7d6e5f4"
CODE = """
import hashlib, os
open('c.bin', 'w').write('weights')
say(event='checkpoint_saved', payload={'path': os.path.abspath('c.bin'), 'step': 7})
for name in ('MY_PIN', 'API_KEY'):
    digest = hashlib.sha256(os.environ.get(name, '').encode()).hexdigest()[:8]
    say(event='heartbeat', payload={'name': name, 'digest': digest})
"""


def digests(script: Any) -> list[str]:
    lines = script("runs", "logs", "latest", "-n", "0").stdout.splitlines()
    return [event["payload"]["digest"] for event in map(json.loads, lines) if event["event"] == "heartbeat"]


def hold_secrets(home: Path) -> list[Path]:
    files = [path for path in home.rglob("*") if path.is_file()]
    return [path for path in files if PIN.encode() in path.read_bytes() or KEY.encode() in path.read_bytes()]


def test_they_are_taken_from_the_environment(script: Any, home: Path, tmp_path: Path) -> None:
    assert script("daemon", "start").code == 0  # without them in its own environment
    refused = script("train", "saver", "--secret", "MY_PIN", "--json")
    assert refused.code == 2
    (problem,) = refused.json["error"]["problems"]
    assert problem["path"] == "secrets[0]"
    assert "MY_PIN" in problem["message"]

    config = {
        "run_name": "private", "secrets": ["MY_PIN"], "environment": {"API_KEY": KEY},
        "metadata": {"worker": {"worker_id": "saver", "config": {"code": CODE, "seed": 3}}},
    }  # fmt: skip
    path = tmp_path / "run.json"
    path.write_text(json.dumps(config))
    dry = script("run", str(path), "--dry-run", "--json", MY_PIN=PIN)
    assert dry.runs[0]["config"]["environment"] == {"API_KEY": "${secret}", "MY_PIN": "${secret}"}
    first = script("run", str(path), "--json", MY_PIN=PIN)
    assert first.runs[0]["state"] == "completed"
    expected = digests(script)
    assert len(set(expected)) == 2
    assert hold_secrets(home) == []

    refused = script("resume", "latest", "--steps", "5")
    assert refused.code == 2
    assert "environment.API_KEY" in refused.stderr
    assert "is a secret that was not recorded" in refused.stderr
    assert "environment.MY_PIN" in refused.stderr
    resumed = script("resume", "latest", "--steps", "5", "--json", MY_PIN=PIN, API_KEY=KEY)
    assert resumed.code == 0, resumed.stderr
    assert digests(script) == expected
    for command in (("runs", "show", "latest"), ("runs", "show", "latest", "--json"), ("runs", "list", "--json")):
        shown = script(*command, MY_PIN=PIN).stdout
        assert PIN not in shown
        assert KEY not in shown
    assert hold_secrets(home) == []


def test_the_command_line_is_recorded_without_them(script: Any, home: Path) -> None:
    code = f"pass  # {KEY}"
    run = script("train", "script", f"--set=code={code}", "--secret", "MY_KEY", "--json", MY_KEY=KEY).json
    record = json.loads((home / "runs" / run["run_id"] / "run.json").read_text())
    assert "--set=code=pass  # ${secret}" in record["provenance"]["argv"]
    assert hold_secrets(home) == []


def test_a_field_that_the_worker_declares_secret_is_recorded_nowhere(script: Any, home: Path) -> None:
    code = (
        "import hashlib; digest = hashlib.sha256(config['hf_pin'].encode()).hexdigest()[:8]\n"
        "say(event='heartbeat', payload={'digest': digest})"
    )
    command = ("train", "script", f"--set=code={code}", f"--set=hf_pin={PIN}", "--json")
    dry = script(*command, "--dry-run")
    assert dry.runs[0]["config"]["metadata"]["worker"]["config"]["hf_pin"] == "${secret}"
    assert script(*command).runs[0]["state"] == "completed"
    assert digests(script) == [hashlib.sha256(PIN.encode()).hexdigest()[:8]]
    for shown in (script("runs", "show", "latest"), script("runs", "show", "latest", "--json")):
        assert "hf_pin" in shown.stdout
        assert PIN not in shown.stdout
    assert hold_secrets(home) == []
