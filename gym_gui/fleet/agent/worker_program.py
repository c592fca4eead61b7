"""The program of an attempt on this machine: which interpreter a worker is started with, built where it is missing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

from gym_gui.fleet.agent.environments import MISSING, NEVER, Environments, has_module
from gym_gui.fleet.agent.file_lock import WINDOWS

#: In a command: this machine's Python.
PYTHON_PLACE = "${python}"


class WorkerProgram:
    """The command of an attempt, with the paths of this machine.

    Args:
        spec: What its launcher is to do; the command in it is changed.
        order: The order that it is of.
        pythons: Interpreters by worker, in place of those of the order.
        environments: Those of this machine.
        advice: What to do where a worker's interpreter is not there; ``{worker}`` is its name.
    """

    def __init__(
        self,
        spec: dict[str, Any],
        order: dict[str, Any],
        pythons: dict[str, str],
        environments: Environments,
        advice: str,
    ) -> None:
        self._spec = spec
        self._worker = str(order["worker_type"])
        self._chosen = pythons.get(self._worker)
        self._environment: dict[str, Any] = order.get("environment") or {}
        self._problem = str(order.get("environment_problem") or "")
        self._environments = environments
        self._advice = advice.format(worker=self._worker)
        self._theirs = str(spec["argv"][0])

    @property
    def digest(self) -> str:
        """SHA-256 of the bundle of its environment; empty: it has none."""
        return str(self._environment.get("digest", ""))

    @property
    def bundle_size(self) -> int:
        """Of the bundle, bytes."""
        return int(self._environment.get("size", 0))

    def choose(self) -> str:
        """Take this machine's interpreter for the worker; return what is missing, in words."""
        argv = self._spec["argv"]
        argv[:] = [word.replace(PYTHON_PLACE, self._chosen or sys.executable) for word in argv]
        if self._chosen is not None and Path(argv[0]).name.startswith("python"):
            argv[0] = self._chosen
        is_path = "/" in argv[0] or os.sep in argv[0]
        if is_path and not os.access(argv[0], os.X_OK):
            return f"{argv[0]} is not on this machine{self._why_not_built()}: {self._advice}"
        program = shutil.which(argv[0])
        if not is_path and program is None:
            return f"there is no program {argv[0]} on this machine"
        if WINDOWS and program:  # with its ending, .exe or .cmd
            argv[0] = program
        return ""

    def is_to_be_built(self) -> bool:
        """Return whether the worker runs in an environment that this machine builds."""
        if self._chosen is not None or not self.digest or WINDOWS or self._environments.policy == NEVER:
            return False
        if self._environments.policy != MISSING:
            return True
        there = os.access(self._theirs, os.X_OK)
        return not (there and has_module(self._theirs, str(self._environment.get("module", ""))))

    def use(self, python: str) -> None:
        """Start the worker with an interpreter of this machine, as one whose environment is activated."""
        self._spec["argv"][0] = python
        variables, theirs = self._spec["env"], os.path.dirname(self._theirs)  # noqa: PTH120
        folder = os.path.dirname(python)  # noqa: PTH120
        others = [
            place for place in variables.get("PATH", os.defpath).split(os.pathsep) if place not in (theirs, folder)
        ]
        variables["PATH"] = os.pathsep.join([folder, *others])
        variables["VIRTUAL_ENV"] = os.path.dirname(folder)  # noqa: PTH120

    def _why_not_built(self) -> str:
        if self._chosen is not None:
            return ""
        if self._environments.policy == NEVER and self.digest:
            return ", which builds no environments"
        return f", and its environment cannot be built here: {self._problem}" if self._problem else ""
