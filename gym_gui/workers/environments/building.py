"""An environment that is being built, with a record of its finished steps."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.runs import write_json_atomic
from gym_gui.workers.environments.additions import Additions
from gym_gui.workers.environments.interpreters import BasePython
from gym_gui.workers.environments.layout import UNFINISHED_FILE, EnvironmentFolder
from gym_gui.workers.environments.project import WorkerProject
from gym_gui.workers.environments.record import WorkerEnvironment
from gym_gui.workers.environments.usage import remove_version

_LAYOUT = 1
_WHERE = "import json, sysconfig; print(json.dumps([sysconfig.get_path('purelib'), sysconfig.get_path('platlib')]))"


class _State(msgspec.Struct, kw_only=True):
    key: str
    venv: bool = False
    steps: int = 0
    """How many of the project's steps are finished."""


class Building:
    """The environment that an install builds.

    Args:
        folder: The worker's environments, with their lock held.
        base: What the environment is made from.
        project: The worker's sources, where they are at hand.
        additions: What is installed with them.
    """

    def __init__(
        self, folder: EnvironmentFolder, base: BasePython, project: WorkerProject | None, additions: Additions
    ) -> None:
        self.folder = folder
        key = _key(base, project, additions)
        self.number, state = 0, _State(key=key)
        for number in folder.unfinished():
            known = _load(folder.version(number))
            if known is not None and known.key == key and known.venv and not self.number:
                self.number, state = number, known
            else:
                remove_version(folder, number)
        self.resumed = self.number > 0
        if not self.resumed:
            self.number = max(folder.versions(), default=0) + 1
        self._state = state

    @property
    def path(self) -> Path:
        """The environment's folder."""
        return self.folder.version(self.number)

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.path / "bin" / "python")

    @property
    def has_venv(self) -> bool:
        """Whether the virtual environment itself is finished."""
        return self._state.venv

    @property
    def finished_steps(self) -> int:
        """How many of the project's steps are finished."""
        return self._state.steps

    def begin(self) -> None:
        """Make the folder for a fresh start."""
        shutil.rmtree(self.path, ignore_errors=True)
        self.path.mkdir(mode=0o755, parents=True)
        self._save()

    def venv_made(self) -> None:
        """Note that the virtual environment is finished."""
        self._state.venv = True
        self._save()

    def step_finished(self) -> None:
        """Note that one further step is finished."""
        self._state.steps += 1
        self._save()

    def environment(self) -> WorkerEnvironment:
        """Return the environment as far as it is known before anything is installed.

        Raises:
            OSError: Its interpreter does not answer.
        """
        ended = subprocess.run([self.python, "-I", "-c", _WHERE], capture_output=True, text=True, check=False)
        try:
            found = list(dict.fromkeys(json.loads(ended.stdout)))
            return WorkerEnvironment(name=self.folder.name, number=self.number, python=self.python, search_path=found)
        except ValueError:
            raise OSError(0, f"its interpreter does not answer: {ended.stderr.strip()[-200:]}", self.python) from None

    def scrub(self, site: Path) -> None:
        """Remove what pip left of packages that it had not finished: their list of files is written last."""
        for path in (*site.glob("~*"), *(info for info in site.glob("*.dist-info") if not (info / "RECORD").exists())):
            shutil.rmtree(path, ignore_errors=True)

    def finish(self) -> None:
        """Forget how far it got: it has a record now."""
        with contextlib.suppress(FileNotFoundError):
            (self.path / UNFINISHED_FILE).unlink()

    def leave(self, *, keep: bool = True) -> bool:
        """Give up. What took long is kept for the next attempt.

        Returns:
            Whether anything was kept.
        """
        if keep and self._state.steps:
            return True
        remove_version(self.folder, self.number)
        return False

    def _save(self) -> None:
        write_json_atomic(self.path / UNFINISHED_FILE, self._state)


def _load(path: Path) -> _State | None:
    try:
        return msgspec.json.decode(read_regular(path / UNFINISHED_FILE), type=_State)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


def _key(base: BasePython, project: WorkerProject | None, additions: Additions) -> str:
    """Return what two installs have in common if one can go on where the other stopped."""
    constraints = b""
    if project is not None and project.constraints is not None:
        constraints = project.constraints.read_bytes()
    parts: tuple[object, ...] = (
        _LAYOUT,
        os.path.realpath(base.python),
        base.version,
        project.steps if project else (),
        constraints,
    )
    if additions:
        parts += (additions.packages, additions.text)
    return hashlib.sha256(repr(parts).encode()).hexdigest()
