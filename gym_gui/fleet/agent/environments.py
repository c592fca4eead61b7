"""Environments of workers that this machine builds: each once, however many ask for it, and removed when old."""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

from gym_gui.fleet.agent.environment_builder import BUILD_ENVIRONMENT, BUILDER, BuildPlaces
from gym_gui.fleet.agent.file_lock import try_lock
from gym_gui.fleet.agent.private_folder import NotPrivateError, make_private_folder

#: Which environments are built: those that the machine does not have, all, none.
MISSING, ALWAYS, NEVER = "missing", "always", "never"
POLICIES = (MISSING, ALWAYS, NEVER)
#: Variable that names the folder of which environments are the subfolder ``environments``.
FOLDER_VARIABLE = "MOSAIC_ENVIRONMENTS"
#: So many environments are kept, and none that no attempt has used for so long, seconds.
MOST, OLDEST_S = 8, 30 * 86400.0
#: A build that is killed so often is not begun again.
_MAX_BUILDS = 3
_POLL_S = 0.2
_NAME_LENGTH = 24
#: Names of what is removed: the folder may have other files in it.
_OWN_NAME = re.compile(r"([0-9a-f]{24})(?:\.(?!lock$|uses$).+)?")
_OWN_LEFT = re.compile(r"\.[0-9a-f]{24}\.left")


class EnvironmentUnavailable(Exception):  # noqa: N818 - it says why
    """The environment cannot be built here; the text says why, and what to do."""


class BuildWatcher(Protocol):
    """An attempt that waits for its environment."""

    def wanted(self) -> bool:
        """Return whether it still waits."""

    def fetch(self, path: Path) -> None:
        """Fetch the bundle from the home into a file."""

    def note(self, text: str) -> None:
        """How far the build is, in words."""

    def output(self, line: str) -> None:
        """The build printed a line."""


class Environments:
    """Environments of this machine, by the digests of the bundles that they are built from.

    Args:
        root: Where they lie.
        policy: Which are built: one of `POLICIES`.
        variables: Those that a build has besides this process's: of pip.
        within: A folder above `root` that is to be this user's alone, too; ``None``: the caller knows that it is.
    """

    def __init__(
        self,
        root: Path,
        policy: str = MISSING,
        variables: Mapping[str, str] | None = None,
        within: Path | None = None,
    ) -> None:
        self.root = root
        self.policy = policy
        self._variables = dict(variables or {})
        self._within = within
        self._lock = threading.Lock()
        self._waiting: dict[str, int] = {}
        """By digest, how many attempts of this process wait for the build."""

    def find(self, digest: str) -> str:
        """Return the interpreter of an environment that is whole, empty if there is none."""
        places = self._places(digest)
        try:
            json.loads(places.receipt.read_bytes())
        except (OSError, ValueError):
            return ""
        return str(places.python) if os.access(str(places.python), os.X_OK) else ""

    def prepare(self, digest: str, watcher: BuildWatcher) -> str:
        """Return the interpreter of an environment, once it is there; empty: it is not waited for any more.

        Args:
            digest: SHA-256 of the bundle.
            watcher: Who waits.

        Raises:
            EnvironmentUnavailable: It cannot be built.
            OSError: The disk refuses.
        """
        try:
            for folder in filter(None, (self._within, self.root)):
                make_private_folder(folder)
        except NotPrivateError as error:
            raise EnvironmentUnavailable(f"its environment cannot be built on this machine: {error}") from None
        asked_at = time.time()
        log = _Tail(self._places(digest).log)
        builds = 0
        with self._counted(digest):
            while watcher.wanted():
                with contextlib.ExitStack() as held:
                    lock = self._open(self._places(digest).lock, held)
                    if not try_lock(lock):
                        self._observe(digest, watcher, log)
                        time.sleep(_POLL_S)
                        continue
                    python = self.find(digest)
                    if python:
                        log.pass_on(watcher)
                        return python
                    self._raise_failure(digest, asked_at, watcher, log)
                    builds += 1
                    if builds > _MAX_BUILDS:
                        raise EnvironmentUnavailable(
                            f"its environment cannot be built on this machine: the build was killed {_MAX_BUILDS}"
                            f" times (log: {self._places(digest).log}). Find out what kills it: is memory short?"
                        )
                    log.restart()
                    child = self._build(digest, lock, watcher)
                self._wait(digest, child, watcher, log)
        return ""

    @contextlib.contextmanager
    def held(self, digest: str) -> Iterator[int]:
        """Keep an environment from being removed; yields a descriptor that also keeps it in whom it is passed to."""
        path = self._places(digest).uses
        with path.open("ab") as stream:
            fcntl: Any = importlib.import_module("fcntl")  # not on Windows
            fcntl.flock(stream.fileno(), fcntl.LOCK_SH)
            os.utime(str(path))
            yield stream.fileno()

    def remove_old(self, now: float, *, keep: str = "") -> list[str]:
        """Remove environments that were not used for long, or are too many; return their names.

        Args:
            now: Unix time.
            keep: The digest of one that stays.
        """
        found = [path.name for path in self.root.iterdir()]
        for left in filter(_OWN_LEFT.fullmatch, found):
            shutil.rmtree(str(self.root / left), ignore_errors=True)
        names = {own.group(1) for own in map(_OWN_NAME.fullmatch, found) if own}
        used_at = {name: self._used_at(BuildPlaces(self.root / name)) for name in names}
        removed = []
        for place, name in enumerate(sorted(used_at, key=lambda name: used_at[name], reverse=True)):
            recent = place < MOST and now - used_at[name] <= OLDEST_S
            if not recent and name != keep[:_NAME_LENGTH] and self._remove(BuildPlaces(self.root / name)):
                removed.append(name)
        return removed

    @staticmethod
    def _used_at(places: BuildPlaces) -> float:
        return max(map(_modified_at, (places.uses, places.folder, places.progress, places.bundle)))

    def _remove(self, places: BuildPlaces) -> bool:
        """Remove an environment that no attempt uses and no process builds; return whether it is gone."""
        with contextlib.ExitStack() as held, contextlib.suppress(OSError):
            if not try_lock(self._open(places.lock, held)) or not try_lock(self._open(places.uses, held)):
                return False
            left = places.folder.with_name(f".{places.folder.name}.left")
            with contextlib.suppress(FileNotFoundError):
                places.folder.rename(left)  # at once: no half of it counts as whole
            shutil.rmtree(str(left), ignore_errors=True)
            shutil.rmtree(str(places.scratch), ignore_errors=True)
            for path in places.files():
                path.unlink()
            return True
        return False

    def _build(self, digest: str, lock: int, watcher: BuildWatcher) -> subprocess.Popen[bytes]:
        """Begin a build, for which the lock is held."""
        places = self._places(digest)
        watcher.note("fetches what its environment is built from")
        watcher.fetch(places.bundle)
        watcher.output(f"# builds environment {places.folder.name} in {self.root}")
        words = [BUILD_ENVIRONMENT, str(places.folder), str(lock)]
        with places.log.with_name(places.log.name + ".errors").open("wb") as errors:
            return subprocess.Popen(
                [sys.executable, "-I", "-S", BUILDER, *words],
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors, pass_fds=[lock], start_new_session=True,
                env={**os.environ, **self._variables},
            )  # fmt: skip

    def _wait(self, digest: str, child: subprocess.Popen[bytes], watcher: BuildWatcher, log: _Tail) -> None:
        """Wait for a build of this process; it is ended once no attempt of this process waits for it any more."""
        try:
            while child.poll() is None:
                self._observe(digest, watcher, log)
                time.sleep(_POLL_S)
                if not watcher.wanted() and self._waiting[digest] == 1:
                    child.send_signal(signal.SIGTERM)
                    break
        finally:
            if child.poll() is None and not watcher.wanted() and self._waiting[digest] > 1:
                threading.Thread(target=child.wait, daemon=True).start()  # another attempt waits for it
            else:
                child.wait()

    def _observe(self, digest: str, watcher: BuildWatcher, log: _Tail) -> None:
        """Pass on how far a build is."""
        log.pass_on(watcher)
        progress = _read(self._places(digest).progress)
        if progress.get("state") == "building":
            minutes, seconds = divmod(int(max(0.0, time.time() - float(progress["began"]))), 60)
            note = f" ({progress['note']})" if progress["note"] else ""
            watcher.note(f"builds its environment, {minutes}:{seconds:02d} min: {progress['step']}{note}")

    def _raise_failure(self, digest: str, asked_at: float, watcher: BuildWatcher, log: _Tail) -> None:
        """Raise the error of a build that failed while it was waited for."""
        places = self._places(digest)
        failure = _read(places.progress)
        if failure.get("state") != "failed" or float(failure["at"]) < asked_at:
            return
        log.pass_on(watcher)
        why = f": {failure['why']}" if failure["why"] else ""
        raise EnvironmentUnavailable(
            f"its environment cannot be built on this machine: {failure['what']}{why}. To fix it, {failure['next']}"
            f" (log on that machine: {places.log})"
        )

    @contextlib.contextmanager
    def _counted(self, digest: str) -> Iterator[None]:
        with self._lock:
            self._waiting[digest] = self._waiting.get(digest, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._waiting[digest] -= 1

    def _places(self, digest: str) -> BuildPlaces:
        return BuildPlaces(self.root / digest[:_NAME_LENGTH])

    @staticmethod
    def _open(path: Path, held: contextlib.ExitStack) -> int:
        return held.enter_context(path.open("ab")).fileno()


class _Tail:
    """Lines of a log that others write, as they come.

    Args:
        path: The log.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        with contextlib.suppress(OSError):
            self._offset = path.stat().st_size

    def restart(self) -> None:
        """Remove what an earlier build wrote; the caller has the lock of the next one."""
        self._offset = 0
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()

    def pass_on(self, watcher: BuildWatcher) -> None:
        """Pass on the whole lines that are new."""
        with contextlib.suppress(OSError), self._path.open("rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_size < self._offset:  # another build began
                self._offset = 0
            stream.seek(self._offset)
            whole, newline, _ = stream.read().rpartition(b"\n")
            self._offset += len(whole) + len(newline)
            for line in whole.decode("utf-8", "replace").splitlines():
                watcher.output(line)


def node_folder(variables: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of this user on this machine for environments and inputs that several processes share.

    It is not below the home directory, which nodes of a cluster may have in common.

    Args:
        variables: In which another folder may be named.
    """
    named = variables.get(FOLDER_VARIABLE)
    return Path(named).expanduser().absolute() if named else Path(f"/var/tmp/mosaic-{os.getuid()}")  # noqa: S108


def has_module(python: str, module: str) -> bool:
    """Return whether an interpreter of this machine has a module; it is not imported."""
    code = "import importlib.util as util, sys; sys.exit(util.find_spec(sys.argv[1]) is None)"
    try:
        ended = subprocess.run(
            [python, "-c", code, module], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, timeout=30.0, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return True  # slow is not missing
    except OSError:
        return False
    return ended.returncode == 0


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
