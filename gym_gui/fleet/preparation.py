"""What an order needs that takes time: it is found out in threads of its own, while other runs have their turns."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from pathlib import Path
from typing import Any, TypeVar

from gym_gui.fleet.inputs import Input, UnreadableInputError, find_inputs
from gym_gui.runs import RunFolder
from gym_gui.workers.environments import EnvironmentOrder, NoBundleError, make_bundle

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: One bundle at a time: those of many runs are alike, and each has all sources of its worker in memory.
_making = threading.Lock()


class Preparation:
    """Finds the files that an attempt begins with, and makes the bundle from which its environment is built.

    Reading a checkpoint may take minutes, and so may reading sources on a slow disk.

    Args:
        folder: The run's folder.
        worker_type: The worker's name.
        argv: Its command.
        config: Its flat config; ``None``: no files are sent along.
    """

    def __init__(self, folder: RunFolder, worker_type: str, argv: list[str], config: dict[str, Any] | None) -> None:
        home = folder.path.resolve().parent.parent
        self._worker_type = worker_type
        self._inputs = _in_thread(functools.partial(_inputs, folder, argv, config))
        self._environment = _in_thread(functools.partial(_environment, home, argv, worker_type))
        for future in (self._inputs, self._environment):
            future.add_done_callback(lambda _: _touch(folder.control))

    @property
    def obstacle(self) -> str:
        """What is waited for, in words; empty: nothing."""
        if not self._inputs.done():
            return "the checkpoint that it begins with is being read"
        return "" if self._environment.done() else "the sources of its worker are being packed"

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end, so many seconds at most; return whether it has ended."""
        deadline = time.monotonic() + timeout_s
        ended = not wait([self._inputs], timeout_s).not_done
        return not wait([self._environment], max(0.0, deadline - time.monotonic())).not_done and ended

    def fields(self) -> dict[str, Any]:
        """Return fields of the order, once it has ended.

        Raises:
            Exception: Whatever the search for files raised, beside that one cannot be read.
        """
        inputs = self._inputs.result()
        try:
            return {**inputs, **self._environment.result()}
        except Exception as error:  # metadata that no package should have: the environment may be there
            # Not in the thread: what is logged there goes to the log of the run that has its turn at that time.
            logger.exception("what the environment of %s is built from cannot be found out", self._worker_type)
            return {**inputs, "environment_problem": f"{type(error).__name__}: {error}"}


def _inputs(folder: RunFolder, argv: list[str], config: dict[str, Any] | None) -> dict[str, list[Input] | str]:
    """Return the files of other runs that an attempt begins with, or why one cannot be read."""
    if config is None:
        return {}
    try:
        return {"inputs": find_inputs(folder, config, argv)}
    except UnreadableInputError as error:
        return {"problem": str(error)}


def _environment(home: Path, argv: list[str], worker_type: str) -> dict[str, EnvironmentOrder | str]:
    """Return what a machine builds the worker's environment from, or why it cannot.

    Raises:
        Exception: Whatever odd metadata of a package leads to.
    """
    if argv[1:2] != ["-m"] or len(argv) < 3:
        return {"environment_problem": "it is a command, not a worker with a package"}
    try:
        with _making:
            return {"environment": make_bundle(home, argv[0], worker_type, argv[2])}
    except (NoBundleError, OSError) as error:
        return {"environment_problem": str(error)}


def _touch(place: Path) -> None:
    """Change a sign of the run: a supervisor of many looks at one of which nothing changes now and then only."""
    with contextlib.suppress(OSError):  # the run was deleted meanwhile
        os.utime(place)


def _in_thread(act: Callable[[], T]) -> Future[T]:
    """Do something in a thread; return the future. No process waits for it to end."""
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(act())
        except BaseException as error:  # noqa: BLE001 - for the one that asks for the result
            future.set_exception(error)

    threading.Thread(target=run, name="preparation", daemon=True).start()
    return future
