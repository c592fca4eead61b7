"""An attempt that waits for its environment: what the build prints is in its log, how far it is in its report."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gym_gui.fleet.agent.environments import Environments
from gym_gui.fleet.agent.server import Unreachable
from gym_gui.fleet.agent.worker_program import WorkerProgram

#: What the home calls the bundle that an environment is built from.
BUNDLE = "environment.zip"
#: Code and logger of the lines that a machine adds to a worker's error output.
CODE, LOGGER = "LOG1131", "agent"
#: Seconds between two times that the output of a build is shipped.
SHIP_S = 1.0


class AttemptBuild:
    """Has the environment of one attempt built.

    Args:
        program: The attempt's.
        environments: Those of this machine.
        log: The worker's error output, on this machine.
        about: Fields of each line in it.
        fetch_part: Fetches a part of a file from the home: its name, and an offset.
        ship: Ships the log.
        wanted: Returns whether the attempt still waits.
    """

    def __init__(
        self,
        program: WorkerProgram,
        environments: Environments,
        log: Path,
        about: dict[str, Any],
        fetch_part: Callable[[str, int], bytes],
        ship: Callable[[], object],
        wanted: Callable[[], bool],
    ) -> None:
        self.progress = ""
        """How far the build is, in words; empty: the attempt waits for none."""
        self._program = program
        self._environments = environments
        self._log = log
        self._about = about
        self._fetch_part = fetch_part
        self._ship = ship
        self._wanted = wanted
        self._shipped_at = 0.0

    def prepare(self) -> bool:
        """Build the environment unless it is there, and use it; return whether the attempt is still wanted.

        Raises:
            EnvironmentUnavailable: It cannot be built.
            Unreachable: Try again.
            Refused: The attempt was given up.
        """
        self.progress = "looks for its environment"
        try:
            python = self._environments.prepare(self._program.digest, self)
        finally:
            self.progress = ""
            self._ship_now()
        if python:
            self._program.use(python)
            self._environments.remove_old(time.time(), keep=self._program.digest)
        return bool(python)

    @contextlib.contextmanager
    def held(self) -> Iterator[int]:
        """Keep the environment while the attempt starts; yields a descriptor that keeps it in whom it is passed to.

        Raises:
            Unreachable: It was removed a moment ago: with the next try it is built again.
        """
        with self._environments.held(self._program.digest) as descriptor:
            if not self._environments.find(self._program.digest):
                raise Unreachable("its environment was removed a moment ago")
            yield descriptor

    def wanted(self) -> bool:
        """Return whether the attempt still waits; meanwhile what the build prints is shipped."""
        if time.monotonic() - self._shipped_at >= SHIP_S:
            self._ship_now()
        return self._wanted()

    def note(self, text: str) -> None:
        """Take how far the build is."""
        self.progress = text

    def fetch(self, path: Path) -> None:
        """Fetch the bundle into a file.

        Raises:
            Unreachable: Try again.
            Refused: The server does not give it.
            ValueError: It is another one than was ordered.
        """
        found, offset = hashlib.sha256(), 0
        temporary = path.with_name(path.name + ".fetched")
        with temporary.open("wb") as stream:
            while offset < self._program.bundle_size:
                part = self._fetch_part(BUNDLE, offset)
                if not part:
                    break
                offset += len(part)
                found.update(part)
                stream.write(part)
        if found.hexdigest() != self._program.digest:
            raise ValueError("what its environment is built from is not what was ordered: its digest differs")
        os.replace(str(temporary), str(path))  # noqa: PTH105 - Python 3.8 on Windows

    def output(self, line: str) -> None:
        """Add a line of the build to the log; those that begin a step weigh more than what programs print."""
        step = line.startswith("# ")
        level = "ERROR" if line.startswith("# failed") else "INFO" if step else "DEBUG"
        record = {
            "timestamp": round(time.time(), 6),
            "level": level,
            "logger": LOGGER,
            "message": f"environment: {line[2:] if step else line}"[:2000],
            "code": CODE,
            **self._about,
        }
        self._log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(str(self._log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, json.dumps(record).encode("ascii") + b"\n")
        finally:
            os.close(descriptor)

    def _ship_now(self) -> None:
        """Ship what the build printed; what cannot be shipped now is later."""
        self._shipped_at = time.monotonic()
        with contextlib.suppress(Unreachable):
            self._ship()
