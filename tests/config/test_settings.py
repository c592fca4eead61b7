from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from gym_gui.config.settings import SETTINGS, get_setting, variable_of
from gym_gui.core.errors import ConfigError


def write(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "settings.json").write_text(text)


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.name)
def test_each_has_its_default_and_a_sentence(setting: Any) -> None:
    assert get_setting(setting.name) == setting.default
    assert setting.help.endswith(".")
    assert setting.variable == variable_of(setting.name) == "MOSAIC_" + setting.name.upper()


def test_default_of_the_caller() -> None:
    assert get_setting("debug_mode", default=False) is False
    assert get_setting("default_seed", default=42) == 42
    assert get_setting("a_workers_own", default="x") == "x"
    assert get_setting("a_workers_own") is None


def test_the_file_may_be_a_link(home: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"daemon_port": 7}')
    home.mkdir(exist_ok=True)
    (home / "settings.json").symlink_to(tmp_path / "mine.json")
    assert get_setting("daemon_port") == 7


@pytest.mark.parametrize("kind", ["folder", "fifo", "device", "loop", "bytes", "deep", "digits", "torn"])
def test_whatever_lies_in_the_files_place_is_said_at_once(home: Path, kind: str) -> None:
    home.mkdir(exist_ok=True)
    path = home / "settings.json"
    make: dict[str, Callable[[], Any]] = {
        "folder": path.mkdir,
        "fifo": lambda: os.mkfifo(path),
        "device": lambda: path.symlink_to("/dev/zero"),
        "loop": lambda: path.symlink_to(path.name),
        "bytes": lambda: path.write_bytes(b"\xff\xfe{"),
        "deep": lambda: path.write_text("[" * 200_000),
        "digits": lambda: path.write_text('{"daemon_port": ' + "1" * 9000 + "}"),
        "torn": lambda: path.write_text('{"daemon_port": 1'),
    }
    make[kind]()
    with pytest.raises(ConfigError, match="settings cannot be read") as raised:
        get_setting("daemon_port")
    assert raised.value.where == str(path)
    assert raised.value.next_step == "fix or remove the file"


@pytest.mark.parametrize(
    ("name", "text"),
    [("daemon_port", "1e400"), ("proxy_timeout_s", "NaN"), ("proxy_timeout_s", "1" * 400), ("daemon_port", "null")],
)
def test_a_value_that_cannot_be_is_said_with_what_to_do(home: Path, name: str, text: str) -> None:
    write(home, f'{{"{name}": {text}}}')
    with pytest.raises(ConfigError, match="is of the wrong type") as raised:
        get_setting(name)
    assert name in raised.value.next_step


def test_file_and_environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home, json.dumps({"daemon_port": 1234, "own": [1]}))
    assert get_setting("daemon_port") == 1234
    assert get_setting("own") == [1]
    monkeypatch.setenv("MOSAIC_DAEMON_PORT", "0")
    assert get_setting("daemon_port") == 0


@pytest.mark.parametrize(
    ("name", "text", "default", "value"),
    [
        ("debug_mode", "1", False, True),
        ("debug_mode", "Yes", False, True),
        ("debug_mode", "", False, False),
        ("debug_mode", "off", False, False),
        ("default_seed", "7", 42, 7),
        ("default_seed", "7", None, 7),
        ("daemon_idle_timeout_s", "1e3", None, 1000.0),
        ("log_level", "DEBUG", "INFO", "DEBUG"),
        ("own", "text", None, "text"),
        ("own", "[1]", None, [1]),
    ],
)
def test_environment_is_read_as_the_type(
    monkeypatch: pytest.MonkeyPatch, name: str, text: str, default: Any, value: Any
) -> None:
    monkeypatch.setenv(variable_of(name), text)
    assert get_setting(name, default=default) == value
    assert type(get_setting(name, default=default)) is type(value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("daemon_port", "many"),
        ("daemon_port", 1.5),
        ("daemon_port", True),
        ("debug_mode", "perhaps"),
        ("max_running_runs", None),
    ],
)
def test_wrong_types_are_named(home: Path, name: str, value: Any) -> None:
    write(home, json.dumps({name: value}))
    with pytest.raises(ConfigError) as caught:
        get_setting(name)
    assert [problem.path for problem in caught.value.problems] == [name]
    assert "settings.json" in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00"])
def test_file_that_holds_no_settings(home: Path, text: str) -> None:
    write(home, text)
    with pytest.raises(ConfigError, match="settings"):
        get_setting("daemon_port")


@given(number=st.integers(-(2**63), 2**63))
@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_integer_comes_back(home: Path, number: int) -> None:
    write(home, json.dumps({"daemon_port": number}))
    assert get_setting("daemon_port") == number
