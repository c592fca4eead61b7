"""Finds what would stop a study before it is started."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from .command import MODULES, fill_command
from .config import GoliatWorkerConfig
from .scalars import check_tracking
from .sdk import Problem
from .study import find_program, study_directory

_FIND = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
_FIND_S = 60.0


def check_run(config: GoliatWorkerConfig, folder: Path) -> list[Problem]:
    """Return every reason why a run cannot start.

    Args:
        config: A valid config.
        folder: The run's working directory.
    """
    problems = check_tracking(config)
    directory = study_directory(config, folder)
    if not directory.is_dir():
        return [
            *problems,
            Problem("working_directory", "there is no such folder", value=str(directory), allowed="a folder"),
        ]
    return [*problems, *_check_study(config, directory), *_check_program(config, directory)]


def _check_study(config: GoliatWorkerConfig, directory: Path) -> list[Problem]:
    if config.study is None:
        if config.study_config or config.is_practice:
            return []
        return [Problem("study", "no study is given", allowed="the path of its config, or study_config")]
    path = directory / config.study
    if not path.is_file():
        return [Problem("study", "there is no such file", value=str(path), allowed="a config file of a study")]
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        return [Problem("study", f"it cannot be read as JSON: {error}", value=str(path), allowed="a JSON file")]
    return []


def _check_program(config: GoliatWorkerConfig, directory: Path) -> list[Problem]:
    python = config.python or sys.executable
    word = fill_command(config.command, config=directory, python=python, seed=0)[0]
    program = find_program(word, directory)
    if program is None:
        path = "python" if word == config.python else "command"
        message = f"there is no program {word!r} on this machine"
        return [Problem(path, message, value=getattr(config, path), allowed="a program on the PATH, or its path")]
    module = MODULES.get(config.command.strip())
    if module is None or _has_module(program, module, directory):
        return []
    message = f"the Python {program} has no module {module!r}"
    allowed = "the Python that GOLIAT is installed in, or command=goliat-cli, or another command"
    return [Problem("python", message, value=config.python, allowed=allowed)]


def _has_module(python: str, module: str, directory: Path) -> bool:
    try:
        done = subprocess.run(
            [python, "-c", _FIND, module],
            cwd=directory,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_FIND_S,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
