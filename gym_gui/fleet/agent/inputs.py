"""Files of the home that attempts begin with, checkpoints of other runs: each is sent to this machine once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import IO, Any

from gym_gui.fleet.agent.file_lock import try_lock
from gym_gui.fleet.agent.private_folder import check_private_folder, make_private_folder
from gym_gui.fleet.agent.server import Refused

#: What the home calls a file of this kind, before its digest.
INPUT = "inputs/"
#: Files that no attempt has begun with for so long, seconds, are removed; and the oldest beyond so many bytes.
INPUT_OLDEST_S, INPUT_MOST_BYTES = 14 * 86400.0, 32 << 30
_PART = 1 << 20
_INPUT_POLL_S = 0.2
#: Names of what is removed: the folder may have other files in it.
_OWN_INPUT = re.compile(r"[0-9a-f]{64}(?:\.part)?")


class InputStore:
    """The files of a machine, by their digests.

    Args:
        root: Where they lie.
        within: A folder above `root` that is to be this user's alone, too; ``None``: the caller knows that it is.
    """

    def __init__(self, root: Path, within: Path | None = None) -> None:
        self.root = root
        self._folders = [root] if within is None else [within, root]

    def get(self, file: dict[str, Any], fetch_part: Callable[[str, int], bytes], wanted: Callable[[], bool]) -> Path:
        """Return a file, once it is here and is what was ordered.

        Args:
            file: ``size`` and ``sha256``.
            fetch_part: Fetches a part of a file from the home: its name, and an offset.
            wanted: Returns whether the attempt still waits.

        Raises:
            Unreachable: Try again: what was fetched is kept.
            Refused: The home does not give it.
            ValueError: It is another file by now, or is not waited for any more; or others may write to its folder.
            OSError: The disk refuses.
        """
        digest, size = str(file["sha256"]), int(file["size"])
        for folder in self._folders:
            make_private_folder(folder)
        path = self.root / digest
        with (self.root / f"{digest}.lock").open("ab") as lock:
            while not try_lock(lock.fileno()):  # another attempt fetches it
                if not wanted():
                    raise ValueError("it is not waited for any more")
                time.sleep(_INPUT_POLL_S)
            if path.exists() and path.stat().st_size == size and _digest(path, wanted) == digest:
                os.utime(str(path))
                return path
            self._fetch(path, digest, size, fetch_part, wanted)
            return path

    def take(
        self,
        one: dict[str, Any],
        target: Path,
        fetch_part: Callable[[str, int], bytes],
        wanted: Callable[[], bool],
    ) -> None:
        """Put an input where an attempt begins with it, fetching what is not here.

        It is a copy, so that no worker changes what the next one gets; it is there whole or not at all.

        Args:
            one: ``path`` and ``files``.
            target: Where to.
            fetch_part: As of :meth:`get`.
            wanted: As of :meth:`get`.

        Raises:
            Unreachable: Try again: what was fetched is kept.
            Refused: The home does not give it.
            ValueError: It is another file by now, or is not waited for any more.
            OSError: The disk refuses.
        """
        unfinished = target.with_name(target.name + ".unfinished")
        shutil.rmtree(str(unfinished), ignore_errors=True)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            for file in one["files"]:
                place = unfinished / _safe(str(file["name"])) if file["name"] else unfinished
                place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                with self.get(file, fetch_part, wanted).open("rb") as source, place.open("wb") as copy:
                    for part in _parts(source, wanted):
                        copy.write(part)
        except ValueError as error:
            raise ValueError(f"{one['path']}, with which it was to begin: {error}") from None
        if not one["files"]:
            unfinished.mkdir(exist_ok=True)
        os.replace(str(unfinished), str(target))  # noqa: PTH105 - Python 3.8 on Windows

    def remove_old(self, now: float) -> None:
        """Remove files that were not used for long, or are too many.

        Args:
            now: Unix time.
        """
        try:
            for folder in self._folders:
                check_private_folder(folder)
        except (ValueError, OSError):  # none of these files was put there by this class, or there are none
            return
        found = []
        for path in self.root.glob("*"):
            with contextlib.suppress(OSError):
                if _OWN_INPUT.fullmatch(path.name):
                    status = path.stat()
                    found.append((status.st_mtime, status.st_size, path))
        total = 0
        for modified, size, path in sorted(found, reverse=True):
            total += size
            if now - modified > INPUT_OLDEST_S or total > INPUT_MOST_BYTES:
                self._remove(path)

    def _remove(self, path: Path) -> None:
        """Remove a file that no attempt is fetching or copying."""
        with contextlib.suppress(OSError), (self.root / f"{path.stem}.lock").open("ab") as lock:
            if try_lock(lock.fileno()):
                path.unlink()

    def _fetch(
        self,
        path: Path,
        digest: str,
        size: int,
        fetch_part: Callable[[str, int], bytes],
        wanted: Callable[[], bool],
    ) -> None:
        """Fetch a file, from where an earlier try stopped."""
        partial = path.with_name(f"{digest}.part")
        found = hashlib.sha256()
        with partial.open("ab+") as stream:
            stream.seek(0)
            for part in _parts(stream, wanted):
                found.update(part)
            while stream.tell() < size:
                if not wanted():
                    raise ValueError("it is not waited for any more")
                part = fetch_part(INPUT + digest, stream.tell())
                if not part:
                    break
                found.update(part)
                stream.write(part)
            stream.flush()
            os.fsync(stream.fileno())
        if found.hexdigest() != digest:
            partial.unlink()
            raise ValueError("it is not the file that was there when the attempt was ordered: its digest differs")
        os.replace(str(partial), str(path))  # noqa: PTH105 - Python 3.8 on Windows


class AttemptInputs:
    """The files of other runs that one attempt begins with.

    Args:
        inputs: Of the order: ``path`` and ``files`` of each.
        folder: Where they are put.
        store: The files of this machine.
        fetch_part: Fetches a part of a file from the home: its name, and an offset.
        wanted: Returns whether the attempt still waits.
    """

    def __init__(
        self,
        inputs: list[dict[str, Any]],
        folder: Path,
        store: InputStore,
        fetch_part: Callable[[str, int], bytes],
        wanted: Callable[[], bool],
    ) -> None:
        self.places = {
            str(one["path"]): folder / str(number) / str(one["path"]).rstrip("/").rpartition("/")[2]
            for number, one in enumerate(inputs)
        }
        """By the path that each has in the home, the one that it has here."""
        self.progress = ""
        """Which file is fetched, in words; empty: none."""
        self._inputs = inputs
        self._store = store
        self._fetch_part = fetch_part
        self._wanted = wanted

    def take(self) -> str:
        """Put them into their places; return why that cannot be done, in words.

        Raises:
            Unreachable: Try again.
            Refused: The attempt was given up.
        """
        for one in self._inputs:
            place = self.places[str(one["path"])]
            if place.exists():
                continue
            self.progress = f"fetches {one['path']}, with which it begins"
            try:
                self._store.take(one, place, self._fetch_part, self._wanted)
            except ValueError as error:
                return str(error)
            except Refused as refused:
                if refused.stale:
                    raise
                return str(refused)
            finally:
                self.progress = ""
        self._store.remove_old(time.time())
        return ""


def _digest(path: Path, wanted: Callable[[], bool]) -> str:
    """Return the SHA-256 of a file.

    Raises:
        ValueError: It is not waited for any more.
        OSError: It cannot be read.
    """
    found = hashlib.sha256()
    with path.open("rb") as stream:
        for part in _parts(stream, wanted):
            found.update(part)
    return found.hexdigest()


def _parts(stream: IO[bytes], wanted: Callable[[], bool]) -> Iterator[bytes]:
    """Yield the parts of a file, which may be large, as long as they are waited for.

    Raises:
        ValueError: They are not any more.
    """
    for part in iter(lambda: stream.read(_PART), b""):
        if not wanted():
            raise ValueError("it is not waited for any more")
        yield part


def _safe(name: str) -> str:
    """Return the path of a file in its input's folder.

    Raises:
        ValueError: It leads out of it.
    """
    pure = PurePosixPath(name)
    if pure.is_absolute() or ".." in pure.parts or "\\" in name:
        raise ValueError(f"{name[:200]!r} leads out of its folder")
    return str(pure)
