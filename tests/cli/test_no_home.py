"""A user whom the system does not know, and no ``HOME``: as in containers that run under any user id."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gym_gui.config.paths import expand_user, mosaic_home, user_home
from gym_gui.core.errors import UsageError

MOSAIC = str(Path(sys.executable).parent / "mosaic")
UNKNOWN = """
import os, pwd, sys
def unknown(*_): raise KeyError("getpwuid(): uid not found: 12345")
pwd.getpwuid = pwd.getpwnam = unknown
from gym_gui.cli.main import main
sys.argv = ["mosaic", *sys.argv[1:]]
sys.exit(main())
"""


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user whom nobody knows."""
    environment = {"PATH": os.environ["PATH"], "MOSAIC_DAEMON_PORT": "0", **variables}
    return subprocess.run([sys.executable, "-c", UNKNOWN, *arguments], env=environment, capture_output=True, text=True,
                          timeout=100, check=False)  # fmt: skip


@pytest.mark.parametrize(
    "command",
    [
        ["runs", "list"],
        ["train", "random"],
        ["doctor"],
        ["workers", "list"],
        ["daemon", "start"],
        ["workers", "check", "~/x"],
    ],
    ids=" ".join,
)
def test_without_a_home_the_command_says_what_to_set(command: list[str]) -> None:
    ended = run(*command)
    assert ended.returncode == 2, ended.stderr
    assert "there is no folder for runs" in ended.stderr
    assert "next:  set MOSAIC_HOME to a folder, or use --home DIR" in ended.stderr
    assert "fault of MOSAIC" not in ended.stderr


def test_with_a_home_everything_works(home: Path) -> None:
    try:
        for command in (["train", "random", "--steps", "200", "--json"], ["runs", "list"], ["runs", "show", "latest"]):
            ended = run(*command, MOSAIC_HOME=str(home))
            assert ended.returncode == 0, ended.stderr
    finally:
        run("daemon", "stop", MOSAIC_HOME=str(home))
    for command in (["workers", "new", "mine", "--path", "~/x"], ["runs", "list", "--home", "~nobody-of-this-name"]):
        ended = run(*command, MOSAIC_HOME=str(home))
        assert ended.returncode == 2, ended.stderr
        assert "cannot be found" in ended.stderr


def test_an_empty_home_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOSAIC_HOME")
    monkeypatch.setenv("HOME", "")
    known = user_home()
    assert known is not None
    assert mosaic_home().is_relative_to(known) or os.environ.get("XDG_DATA_HOME")
    assert expand_user("~/a") == known / "a"
    assert expand_user("a~b") == Path("a~b")
    with pytest.raises(UsageError):
        expand_user("~nobody-of-this-name/a")
