"""Runs pip in a worker's environment, with those of the user's settings of pip that say where packages come from.

An environment of a worker is its own: ``user``, ``target``, ``prefix``, ``constraint`` and the like would put packages
elsewhere, or others in, than the worker's project says.
"""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from gym_gui.workers.environments.process import InstallLog, run_module

#: Where packages come from, and how they are fetched.
APPLIED = (
    "index-url", "extra-index-url", "no-index", "find-links", "trusted-host", "proxy", "cert", "client-cert",
    "keyring-provider", "timeout", "retries", "resume-retries", "cache-dir", "no-cache-dir", "use-feature",
    "use-deprecated",
)  # fmt: skip
_ALIASES = {"default-timeout": "timeout", "pypi-url": "index-url"}
#: Later ones count.
_SECTIONS = ("global", "install", ":env:")
_PATHS = ("find-links", "cert", "client-cert", "cache-dir")
_TIMEOUT_S = 60.0
#: Lines of pip about its progress, and about an index that does not answer.
_PROGRESS = (
    "Collecting ", "Downloading ", "Processing ", "Building wheel", "Installing collected", "WARNING: Retrying ",
)  # fmt: skip
_LONGEST_NOTE = 100


class Pip:
    """pip of an environment that is being built.

    Args:
        python: The environment's interpreter.
        log: Takes each line of pip's output.
        lock: Descriptor of the install's lock.
        note: Called with each line about pip's progress.
    """

    def __init__(self, python: str, *, log: InstallLog, lock: int, note: Callable[[str], None]) -> None:
        self._python = python
        self._log = log
        self._lock = lock
        self._note = note
        self._variables: dict[str, str] | None = None

    def install(self, arguments: Sequence[str], *, cwd: Path, constraints: Path | None = None) -> int:
        """Run ``pip install`` and return how many packages it installed.

        Args:
            arguments: Options and requirements.
            cwd: Working directory.
            constraints: A constraints file.

        Raises:
            CommandError: It failed.
            OSError: It cannot be started.
        """
        limits = ["--constraint", str(constraints)] if constraints is not None else []
        lines = run_module(
            self._python,
            "pip",
            # Bytecode is made at the end of the install, by all cores.
            ["install", "--no-compile", *limits, *arguments],
            log=self._log,
            cwd=cwd,
            lock=self._lock,
            on_line=self._on_line,
            variables=self._settings(),
        )
        done = next((line for line in reversed(lines) if line.startswith("Successfully installed ")), "")
        return max(0, len(done.split()) - 2)

    def _settings(self) -> dict[str, str]:
        """Return the user's settings of pip that apply; the others are named in the log."""
        if self._variables is None:
            self._variables, left_out = pip_variables(self._python)
            if left_out:
                self._log.write(f"settings of pip that do not apply to workers: {', '.join(left_out)}")
        return self._variables

    def _on_line(self, line: str) -> None:
        text = line.strip()
        if text.startswith(_PROGRESS):
            self._note(text if len(text) <= _LONGEST_NOTE else text[: _LONGEST_NOTE - 1] + "…")


def pip_variables(python: str) -> tuple[dict[str, str], list[str]]:
    """Return the variables that give pip the settings that apply, and the names of those that do not.

    Args:
        python: An interpreter with pip, which reads the files and variables of settings itself.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    # It is to print the list, whatever the settings say, and by this interpreter.
    environment |= {"PIP_QUIET": "0", "PIP_VERBOSE": "0", "_PIP_RUNNING_IN_SUBPROCESS": "1"}
    try:
        listed = subprocess.run(
            [python, "-I", "-m", "pip", "config", "list"], env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, encoding="utf-8", errors="replace", timeout=_TIMEOUT_S, check=False,
        ).stdout  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        listed = ""
    found = _read(listed)
    applied = {f"PIP_{name.upper().replace('-', '_')}": _value(name, found[name]) for name in APPLIED if name in found}
    return applied, sorted(set(found) - {*APPLIED, "quiet", "verbose"})


def _read(listed: str) -> dict[str, str]:
    """Return the settings that count for ``pip install``, of what ``pip config list`` printed."""
    found: dict[str, dict[str, str]] = {section: {} for section in _SECTIONS}
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        section, _, name = key.partition(".")
        if section in found:
            name = name.lower().replace("_", "-")
            try:
                found[section][_ALIASES.get(name, name)] = str(ast.literal_eval(value))
            except (ValueError, SyntaxError):
                continue
    return {name: value for section in _SECTIONS for name, value in found[section].items()}


def _value(name: str, value: str) -> str:
    """Return a value; relative paths in it, which pip takes from where it runs, as the user meant them."""
    words = value.split() if name == "find-links" else [value]
    return " ".join(str(Path(word).absolute()) if name in _PATHS and Path(word).exists() else word for word in words)
