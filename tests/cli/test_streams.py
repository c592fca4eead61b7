"""Closed, full and poor streams: no command fails on them, loses its exit code, or hands them on."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

MOSAIC = str(Path(sys.executable).parent / "mosaic")
FAILING = "say(event_type='step', step_index=1)\nraise SystemExit(3)"
CLOSED = [">&-", "2>&-", "<&-", ">&- 2>&- <&-", ">/dev/full", "2>/dev/full", ">/dev/full 2>/dev/full"]


def shell(script: Any, line: str, **more: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line of bash in which ``mosaic`` is the command."""
    environment = {**script.environment, "PATH": f"{Path(MOSAIC).parent}:{os.environ['PATH']}", **more}
    return subprocess.run(["bash", "-c", line], env=environment, capture_output=True, timeout=100, check=False)


@pytest.mark.parametrize("streams", CLOSED)
def test_the_exit_code_is_that_of_the_run(script: Any, home: Path, living: Any, streams: str) -> None:
    good = shell(script, f"mosaic train script --set code=pass {streams}")
    assert good.returncode == 0, good.stderr
    assert b"Traceback" not in good.stderr
    bad = shell(script, f"mosaic train script --set code={shlex.quote(FAILING)} --json {streams}")
    assert bad.returncode == 1, bad.stderr
    assert [run["state"] for run in script("runs", "list", "--json").json["runs"]] == ["failed", "completed"]
    if streams.startswith(">/dev/full") and "2>" not in streams:
        assert b"stdout cannot be written (No space left on device)" in good.stderr
    for pid, command in living().items():  # the daemon, and the spare proxy that waits for a run
        for number in (0, 1, 2):
            target = os.readlink(f"/proc/{pid}/fd/{number}")
            assert target.startswith(("/dev/null", "pipe:")) or target.endswith(".log"), (command, number, target)


@pytest.mark.parametrize("streams", CLOSED)
def test_other_commands_keep_their_exit_codes(script: Any, streams: str) -> None:
    for command, code in (("runs list --json", 0), ("runs show nothing", 2), ("daemon status", 1), ("--help", 0),
                          ("workers list", 0), ("no-such-command", 2), ("", 2)):  # fmt: skip
        ended = shell(script, f"mosaic {command} {streams}")
        assert ended.returncode == code, (command, ended.stderr)
        assert b"Traceback" not in ended.stderr


def test_a_reader_that_leaves_is_no_fault(script: Any) -> None:
    code = "for i in range(20000): say(event_type='step', step_index=i, reward=1.0)"
    for command in (
        f"train script --set code={shlex.quote(code)}",
        "runs logs latest -n 0",
        "runs tail latest",
        "runs list",
    ):
        ended = shell(script, f"set -o pipefail; mosaic {command} | head -1")
        assert ended.returncode == 0, (command, ended.stderr)
        assert ended.stdout.count(b"\n") == 1
        assert b"Error" not in ended.stderr
        assert b"BrokenPipe" not in ended.stderr


@pytest.mark.parametrize(
    "locale",
    [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {"LANG": "C", "LC_ALL": ""},
     {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["ascii", "latin-1", "C", "C without UTF-8"],
)  # fmt: skip
def test_names_beyond_the_encoding(script: Any, locale: dict[str, str]) -> None:
    ended = shell(script, "mosaic train script --name 'é 🚀 日本' --tag 'wörd' --set code=pass", **locale)
    assert ended.returncode == 0, ended.stderr
    (run,) = script("runs", "list", "--json").json["runs"]
    assert run["run_name"] == "é 🚀 日本"
    for command in ("runs list", "runs list --tag 'wörd'", "runs show latest", "runs watch latest", "runs why latest"):
        ended = shell(script, f"mosaic {command}", **locale)
        assert ended.returncode == 0, (command, ended.stderr)
        if command != "runs why latest" and locale.get("LANG") != "C":
            assert b"\\U0001f680" in ended.stdout
