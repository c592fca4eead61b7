"""The agent's command line, its files of settings, and how it becomes a service."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from gym_gui.fleet.agent.agent import Agent
from gym_gui.fleet.agent.main import _environments, _obey_signals, run_agent
from gym_gui.fleet.agent.options import read_env_files, read_options
from gym_gui.fleet.agent.service import service_text
from gym_gui.fleet.agent.study_command import DEFAULT_COMMAND, fill_command, parse_command
from gym_gui.fleet.command_template import TEMPLATES


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("MOSAIC_", "GOLIAT_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def test_settings_come_from_the_command_line_then_the_environment_then_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside = tmp_path / "beside"
    beside.mkdir()
    (tmp_path / ".env").write_text("MOSAIC_MACHINE_ID='here'\nnot a setting\n# GOLIAT_X=1\n")
    text = "\ufeffexport MOSAIC_SERVER_URL = https://h:1/ \nMOSAIC_MACHINE_ID=beside\nMOSAIC_AGENT_TOKEN=-t\n"
    (beside / ".env").write_text(text, "utf-8")
    monkeypatch.setenv("MOSAIC_AGENT_TOKEN", "mine")
    monkeypatch.setenv("MOSAIC_AGENT_CONFIG_HOSTS", "a, b:1")
    for name in ("MOSAIC_SERVER_URL", "MOSAIC_MACHINE_ID"):
        monkeypatch.setenv(name, "x")  # so that they are taken back afterwards
        del os.environ[name]
    read_env_files([tmp_path, beside])
    options = read_options(["--config-host", "c"], "x")
    assert (options.server, options.machine_id, options.token) == ("https://h:1", "here", "mine")
    assert options.config_host == ["c", "a", "b:1"]
    assert read_options(["--server", "http://o", "--token", "-odd"], "x").token == "-odd"


def test_the_older_names_of_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLIAT_MONITORING_URL", "http://old")
    monkeypatch.setenv("GOLIAT_MACHINE_ID", "10.0.0.1")
    options = read_options([], "x")
    assert (options.server, options.machine_id) == ("http://old", "10.0.0.1")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 1, "no server. Give --server URL"),
        (["--server", "h:1"], 2, "is not an address that begins with"),
        (["--server", "http://h", "--python", "x"], 2, "is not NAME=PATH"),
        (["--server", "http://h", "--command", "goliat study"], 2, "does not say where the config goes"),
        (["--server", "http://h", "--workdir", "/nowhere"], 2, "there is no folder /nowhere"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_agent(words) == code
    assert said in capsys.readouterr().err


def test_environments_have_a_folder_of_their_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert _environments(tmp_path / "agent", "missing").root == tmp_path / "agent" / "environments"
    monkeypatch.setenv("MOSAIC_ENVIRONMENTS", str(tmp_path / "scratch"))
    assert _environments(tmp_path / "agent", "missing").root == tmp_path / "scratch" / "environments"


def test_commands_of_studies() -> None:
    assert parse_command("") == parse_command("goliat") == list(DEFAULT_COMMAND)
    assert {name: parse_command(name) for name in TEMPLATES} == {name: text.split() for name, text in TEMPLATES.items()}
    assert parse_command("run 'a b' {config}") == ["run", "a b", "{config}"]
    assert parse_command(r'"C:\Program Files\x.exe" C:\a\{config}', windows=True) == [
        r"C:\Program Files\x.exe", r"C:\a\{config}",
    ]  # fmt: skip
    assert fill_command(parse_command(""), "/c.json") == [sys.executable, "-m", "goliat", "study", "/c.json"]
    assert fill_command(["sh", "{config}"], "c")[0].endswith("/sh")


def test_a_unit_of_systemd(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    words = ["--server", "https://h", "--token", "secret", "--service", "systemd", "--command", "a b% {config}"]
    assert run_agent(words, program=["/opt/mosaic", "agent"]) == 0
    unit = capsys.readouterr().out
    assert 'ExecStart=/opt/mosaic agent --server https://h --command "a b%% {config}"\n' in unit
    assert f"WorkingDirectory={tmp_path}\n" in unit
    assert "secret" not in unit


def test_a_task_of_windows() -> None:
    command = [r"C:\Python 3\python.exe", r"C:\a\worker_agent.py", "--server", "https://h"]
    text = service_text("windows", command, "", r"C:\a")
    assert (
        r'/TR "cmd /c cd /d C:\a && \"C:\Python 3\python.exe\" C:\a\worker_agent.py --server https://h"' + "\n" in text
    )


def test_a_signal_is_obeyed_while_what_it_interrupts_has_the_locks() -> None:
    """As a wait for the very event that the third signal sets."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    agent = Agent.__new__(Agent)
    agent.attempts, agent._stopping = [], threading.Event()
    try:
        _obey_signals(agent)
        with agent._stopping._cond:  # type: ignore[attr-defined]
            for _ in range(3):
                signal.raise_signal(signal.SIGTERM)
        assert agent._stopping.wait(30)
        assert agent.draining
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
