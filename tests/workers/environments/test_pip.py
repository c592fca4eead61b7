"""The user's settings of pip in installs of workers."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.workers.environments.pip import pip_variables

HARMFUL = """
[global]
user = true
target = /nowhere
prefix = /nowhere
root = /nowhere
require-virtualenv = true
dry-run = true
no-deps = true
constraint = /nowhere/constraints.txt
quiet = 3
timeout = 7

[install]
editable = /nowhere
user = true
ignore-installed = true
"""


@pytest.fixture
def pip_conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give the user a ``pip.conf``."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    for name in [name for name in os.environ if name.startswith("PIP_") or name == "XDG_CONFIG_HOME"]:
        monkeypatch.delenv(name)
    path = tmp_path / "user/.config/pip/pip.conf"
    path.parent.mkdir(parents=True)
    return lambda text: path.write_text(text) and None


def test_settings_that_would_put_packages_elsewhere_do_not_apply(
    pip_conf: Any, install: Any, project: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pip_conf(HARMFUL)
    for name in ("PIP_USER", "PIP_TARGET", "PIP_REQUIRE_VIRTUALENV", "PIP_NO_DEPS", "PIP_PREFIX"):
        monkeypatch.setenv(name, "1")
    record = install(project())
    assert record.packages >= 1
    log = Path(record.log).read_text()
    told = re.search("settings of pip that do not apply to workers: (.*)", log)
    assert told is not None
    assert {"constraint", "dry-run", "editable", "no-deps", "prefix", "root", "target", "user"} <= set(
        told[1].split(", ")
    )


def test_settings_that_say_where_packages_come_from_apply(
    pip_conf: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wheels").mkdir()
    pip_conf(
        "[global]\nindex-url = https://me:secret@mirror.example/simple\ncert = ~/ca.pem\nproxy = http://proxy:3128\n"
        "trusted-host = a.example\n    b.example\nuser = true\n[install]\nfind-links = wheels https://other.example/w\n"
        "default-timeout = 3\n"
    )
    monkeypatch.setenv("PIP_INDEX_URL", "https://env.example/simple")
    monkeypatch.setenv("PIP_USER", "1")
    applied, left_out = pip_variables(sys.executable)
    assert left_out == ["user"]
    assert applied == {
        "PIP_INDEX_URL": "https://env.example/simple",
        "PIP_CERT": "~/ca.pem",
        "PIP_PROXY": "http://proxy:3128",
        "PIP_TRUSTED_HOST": applied["PIP_TRUSTED_HOST"],
        "PIP_FIND_LINKS": f"{tmp_path}/wheels https://other.example/w",
        "PIP_TIMEOUT": "3",
    }
    assert applied["PIP_TRUSTED_HOST"].split() == ["a.example", "b.example"]


def test_packages_are_found_where_pip_conf_says(
    pip_conf: Any, install: Any, project: Any, library: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pip_conf(f"[global]\nfind-links = {tmp_path / 'shelf'}\nuser = true\n")
    library(tmp_path / "shelf", "helping", "1.0", {"helping.py": ""})
    record = install(project(requires=("helping",)))
    assert record.packages >= 2
