"""Finds the Pythons of this machine, and chooses one for a worker's environment."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import SpecifierSet

from gym_gui.config.paths import expand_user, user_home
from gym_gui.core.worker.errors import UsageError

Version = tuple[int, int, int]

OLDEST: Version = (3, 8, 0)
"""The oldest Python that the worker SDK runs on."""

_ASK = (
    "import json, sys; "
    "print(json.dumps([list(sys.version_info[:3]), getattr(sys, '_base_executable', None) or sys.executable]))"
)
_ASK_TIMEOUT_S = 20.0
_PROGRAM = re.compile(r"python3\.\d+")
_TOO_OLD = "workers need Python 3.8 or later"


@dataclass(frozen=True)
class BasePython:
    """An interpreter that environments can be made from.

    Args:
        python: Its executable.
        version: Major, minor, micro.
    """

    python: str
    version: Version

    @property
    def version_text(self) -> str:
        """The version as people write it."""
        return ".".join(map(str, self.version))


def ask_interpreter(python: str) -> BasePython:
    """Return what an executable is.

    Raises:
        OSError: It cannot be started.
        ValueError: It is not a working Python; the message is what it said.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    try:
        ended = subprocess.run(
            [python, "-c", _ASK], env=environment, cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True,
            errors="replace", timeout=_ASK_TIMEOUT_S, check=False,
        )  # fmt: skip
        version, base = json.loads(ended.stdout)
        return BasePython(str(base), (int(version[0]), int(version[1]), int(version[2])))
    except subprocess.TimeoutExpired:
        raise ValueError(f"it did not answer within {_ASK_TIMEOUT_S:g} s") from None
    except (ValueError, TypeError, IndexError):
        said = (ended.stderr or ended.stdout).strip().splitlines()
        raise ValueError(said[-1] if said else f"it ended with exit code {ended.returncode}") from None


def find_interpreters() -> list[BasePython]:
    """Return the Pythons of this machine from the oldest that MOSAIC can use, the newest first, each once."""
    candidates = list(dict.fromkeys(_candidates()))
    with ThreadPoolExecutor(max_workers=4) as pool:
        answers = [found for found in pool.map(_ask_quietly, candidates) if found and found.version >= OLDEST]
    by_file: dict[str, BasePython] = {}
    for found in answers:
        by_file.setdefault(os.path.realpath(found.python), found)
    return sorted(by_file.values(), key=lambda found: found.version, reverse=True)


def choose_interpreter(wanted: str | None, specifiers: dict[str, str]) -> BasePython:
    """Return the interpreter for a worker's environment.

    Args:
        wanted: A path, a program's name or a version (``3.8``); without it the one that runs this process if it fits,
            else the newest that does.
        specifiers: By source the versions of Python that are allowed, e.g. ``{"requires-python": ">=3.10"}``.

    Raises:
        UsageError: There is no such interpreter, or it does not fit; those that do are named.
    """
    allowed = {source: text for source, text in specifiers.items() if text}
    _check_readable(allowed)
    if wanted is None:
        own = ask_interpreter(sys.executable)
        if not _unfit(own, allowed):
            return own
        fitting = [found for found in find_interpreters() if not _unfit(found, allowed)]
        if not fitting:
            raise _none_fits(
                "there is no Python on this machine that this worker runs on", _unfit(own, allowed), allowed
            )
        return fitting[0]
    found = _named(wanted, allowed)
    reason = _unfit(found, allowed)
    if reason:
        raise _none_fits(f"this worker cannot run on Python {found.version_text} ({found.python})", reason, allowed)
    return found


def _check_readable(allowed: dict[str, str]) -> None:
    for source, text in allowed.items():
        with contextlib.suppress(ValueError):
            SpecifierSet(text)
            continue
        raise UsageError(
            f"{source} cannot be read", why=f"it is {text!r}", next_step="fix the worker's pyproject.toml: >=3.10,<3.13"
        )


def _named(wanted: str, allowed: dict[str, str]) -> BasePython:
    if re.fullmatch(r"\d+(\.\d+){0,2}", wanted):
        parts = tuple(map(int, wanted.split(".")))
        if parts < OLDEST[: len(parts)]:
            raise _none_fits(f"Python {wanted} is too old", _TOO_OLD, allowed)
        for found in find_interpreters():
            if found.version[: len(parts)] == parts:
                return found
        raise _none_fits(f"there is no Python {wanted} on this machine", "", allowed)
    if not wanted.strip():
        raise _none_fits("--python is empty", "", allowed)
    path = str(expand_user(wanted))
    if os.sep in path:
        path = str(Path(path).absolute())
    try:
        return ask_interpreter(path)
    except OSError as error:
        # The kernel says of a folder that permission is denied.
        reason = "it is a folder" if Path(path).is_dir() else error.strerror or str(error)
        raise _none_fits(f"there is no interpreter {wanted}", reason, allowed) from None
    except ValueError as error:
        raise _none_fits(f"{wanted} is not a working Python", str(error), allowed) from None


def _unfit(found: BasePython, allowed: dict[str, str]) -> str:
    """Return why an interpreter cannot be used, or nothing."""
    if found.version < OLDEST:
        return _TOO_OLD
    broken: dict[str, list[str]] = {}
    for source, text in allowed.items():
        if found.version_text not in SpecifierSet(text):
            broken.setdefault(text, []).append(source)
    return " and ".join(f"{sources[0]} is {text}" for text, sources in broken.items())


def _none_fits(what: str, why: str, allowed: dict[str, str]) -> UsageError:
    there = find_interpreters()
    fitting = [found for found in there if not _unfit(found, allowed)]
    if fitting:
        shown = _listed(fitting)
        usual = next((found for found in fitting if _is_own(found)), fitting[0])
        return UsageError(what, why=why, next_step=f"one of those that fit: --python {usual.python}; found: {shown}")
    needed = " and ".join(dict.fromkeys(allowed.values())) or ">=3.8"
    return UsageError(
        what,
        why="; ".join(filter(None, [why, f"found: {_listed(there)}" if there else ""])),
        next_step=f"install a Python {needed}, e.g. with pyenv or uv, and name it with --python PATH",
    )


def _listed(found: list[BasePython]) -> str:
    return ", ".join(f"{each.python} ({each.version_text})" for each in found)


def _is_own(found: BasePython) -> bool:
    """Return whether this is what the interpreter that runs this process was made from."""
    return os.path.realpath(found.python) == os.path.realpath(sys.executable)


def _ask_quietly(python: str) -> BasePython | None:
    try:
        return ask_interpreter(python)
    except (OSError, ValueError):
        return None


def _candidates() -> Iterator[str]:
    """Yield the executables that may be Pythons: this one, those on the PATH, and those of version managers."""
    yield sys.executable
    # A version manager's shims are slow shell scripts in front of the interpreters that are found below anyway.
    named = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    folders = [folder for folder in named if folder.name != "shims"]
    for folder in (*folders, Path("/usr/bin"), Path("/usr/local/bin")):
        with contextlib.suppress(OSError):
            yield from sorted(
                str(folder / entry.name) for entry in os.scandir(folder) if _PROGRAM.fullmatch(entry.name)
            )
    home, pyenv = user_home(), os.environ.get("PYENV_ROOT")
    roots = [Path(pyenv) / "versions"] if pyenv else []
    if home is not None:
        conda = [home / name / "envs" for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge")]
        roots += [*([] if pyenv else [home / ".pyenv/versions"]), home / ".local/share/uv/python", *conda]
    for root in roots:
        yield from sorted(str(path) for path in root.glob("*/bin/python3"))
