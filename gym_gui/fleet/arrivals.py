"""Files that machines ship home: bytes at offsets, each stored once, never outside what the attempt may write."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path, PurePosixPath

from gym_gui.core.regular_files import open_regular
from gym_gui.fleet.digests import sha256_of
from gym_gui.fleet.inputs import input_path
from gym_gui.fleet.orders import AttemptKey, OrderBox
from gym_gui.fleet.partial_files import partial_path, put_in_place
from gym_gui.runs import RunFolder, sync_folder
from gym_gui.workers.environments import bundle_path

#: Bytes of one call at most.
MAX_CHUNK = 2 << 20
#: Bytes of one file at most.
MAX_FILE = 16 << 30
#: What a machine calls the bundle that the environment of its attempt is built from.
BUNDLE = "environment.zip"
#: What it calls a file of another run, before its digest.
INPUT = "inputs/"


class Unwelcome(ValueError):  # noqa: N818 - an answer, not a fault
    """A file may not be shipped or fetched; the text says why."""


class Mismatch(Exception):  # noqa: N818 - an answer, not a fault
    """What was sent does not follow what is there.

    Args:
        size: Bytes that are there.
        why: In words.
    """

    def __init__(self, size: int, why: str) -> None:
        super().__init__(why)
        self.size = size


class Arrivals:
    """What one attempt ships into its run's folder.

    Args:
        folder: The run's folder.
        key: The attempt.
    """

    def __init__(self, folder: RunFolder, key: AttemptKey) -> None:
        self._folder = folder
        self._key = key
        self._logs = {
            path.relative_to(folder.path).as_posix()
            for path in (folder.stdout_log(key.worker_id, key.attempt), folder.stderr_log(key.worker_id, key.attempt))
        }
        self._records = {
            path.relative_to(folder.path).as_posix()
            for path in (
                folder.started_record(key.worker_id, key.attempt),
                folder.exit_record(key.worker_id, key.attempt),
            )
        }
        self._folders = tuple(f"{kind}/{key.worker_id}/" for kind in ("checkpoints", "tensorboard", "videos", "work"))
        configs = folder.worker_config(key.worker_id), folder.private_config(key.worker_id)
        self._inputs = {
            path.relative_to(folder.path).as_posix()
            for path in (
                folder.run_json,
                *configs,
                folder.secrets(key.worker_id),
                *(_of_attempt(path, key.attempt) for path in configs),
            )
        }

    def inputs(self) -> list[tuple[str, int]]:
        """Return path and size of the files that the attempt begins with: config, secrets, checkpoints so far."""
        found = []
        for name in sorted(self._inputs):
            with contextlib.suppress(OSError):
                found.append((name, (self._folder.path / name).stat().st_size))
        if self._key.attempt > 1:
            root = self._folder.checkpoints(self._key.worker_id)
            files = [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink()]
            found += [(path.relative_to(self._folder.path).as_posix(), path.stat().st_size) for path in files]
        return found

    def fetch(self, name: str, offset: int) -> bytes:
        """Return a part of a file that the attempt begins with.

        Raises:
            Unwelcome: It is none of those.
            OSError: It cannot be read.
        """
        sent = self._sent(name)
        own = sent is not None or name in self._inputs or name.startswith(self._folders[0])
        path = sent or self._path(name)
        if not own or offset < 0:
            raise Unwelcome(f"{name[:200]!r} is not for this attempt")
        with os.fdopen(open_regular(path), "rb") as stream:
            stream.seek(offset)
            return stream.read(MAX_CHUNK)

    def _sent(self, name: str) -> Path | None:
        """Return a file that does not lie in the run's folder and is sent along; ``None`` if the name is of no such.

        Raises:
            Unwelcome: The attempt has none of that name, or it is gone.
        """
        if name != BUNDLE and not name.startswith(INPUT):
            return None
        order = OrderBox(self._folder).taken(self._key.worker_id, self._key.attempt)
        if order is None:
            raise Unwelcome("the order of this attempt is gone")
        if name != BUNDLE:
            path = input_path(order.inputs, name[len(INPUT) :])
            if path is None:
                raise Unwelcome(f"{name[:200]!r} is not for this attempt")
            if not path.is_file():
                raise Unwelcome(
                    f"{path}, with which it was to begin, is gone: name another checkpoint (--checkpoint PATH)"
                )
            return path
        if order.environment is None:
            raise Unwelcome("this attempt has no environment that could be built")
        path = bundle_path(self._folder.path.parent.parent, order.environment.digest)
        if not path.is_file():
            raise Unwelcome(f"{path}, from which its environment was to be built, is gone: submit the run again")
        return path

    def append(self, name: str, offset: int, data: bytes) -> int:
        """Append to a log; what is there already is compared, not stored again; returns the size, on disk.

        Args:
            name: Path below the run's folder.
            offset: Where the bytes belong.
            data: They.

        Raises:
            Unwelcome: It is not a log of the attempt.
            Mismatch: Bytes before are missing, or those that are there are others.
            OSError: It cannot be written.
        """
        if name not in self._logs:
            raise Unwelcome(f"{name[:200]!r} is not a log of this attempt")
        descriptor = open_regular(self._path(name), os.O_RDWR | os.O_CREAT | os.O_APPEND)
        try:
            size = os.fstat(descriptor).st_size
            if offset > size:
                raise Mismatch(size, f"bytes {size:,} to {offset:,} are missing")
            known = min(size - offset, len(data))
            if known and os.pread(descriptor, known, offset) != data[:known]:
                raise Mismatch(size, f"other bytes are there from {offset:,}")
            rest = memoryview(data)[known:]
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
            if not offset:  # it may be a new one, or that of a call that failed
                sync_folder(self._path(name).parent)
            return max(size, offset + len(data))
        finally:
            os.close(descriptor)

    def put(self, name: str, offset: int, data: bytes, whole: tuple[int, str] | None) -> int:
        """Take a part of a file that replaces an earlier version once it is whole; returns how much is there.

        Args:
            name: Path below the run's folder.
            offset: Where the bytes belong; 0 begins again.
            data: They.
            whole: With the last part: size of the file, and its SHA-256.

        Raises:
            Unwelcome: The attempt may not write it.
            Mismatch: Bytes before are missing, or the whole is another than was announced: send it from the start.
            OSError: It cannot be written.
        """
        path = self._path(name)
        if name not in self._records and not name.startswith(self._folders):
            raise Unwelcome(f"{name[:200]!r} is not for this attempt to write")
        if offset + len(data) > MAX_FILE:
            raise Unwelcome(f"{name[:200]!r} is larger than {MAX_FILE:,} bytes")
        part = self._part(name)
        flags = os.O_RDWR | os.O_CREAT | (os.O_TRUNC if offset == 0 else 0)
        descriptor = open_regular(part, flags)
        try:
            size = os.fstat(descriptor).st_size
            if offset > size:
                raise Mismatch(size, f"bytes {size:,} to {offset:,} are missing")
            os.pwrite(descriptor, data, offset)
            os.ftruncate(descriptor, offset + len(data))
            if whole is None:
                return offset + len(data)
            os.fsync(descriptor)
            if (offset + len(data), sha256_of(descriptor)) != whole:
                raise Mismatch(0, "it is not the file that was announced: it changed meanwhile")
            # Its path again: none of its folders may be a link now.
            put_in_place(part, path, self._folder.path, lambda: self._path(name))
        finally:
            os.close(descriptor)
        return offset + len(data)

    def _part(self, name: str) -> Path:
        named = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        return partial_path(self._folder, f"{self._key.worker_id}.a{self._key.attempt}.{named}")

    def _path(self, name: str) -> Path:
        """Return a file's path.

        Raises:
            Unwelcome: It leads out of the run's folder, or through a link.
        """
        pure = PurePosixPath(name)
        odd = not pure.parts or "\\" in name or "\0" in name or pure.is_absolute() or str(pure) != name
        if odd or any(part in ("", ".", "..") for part in pure.parts) or len(name) > 1000:
            raise Unwelcome(f"{name[:200]!r} is no path of a run's file")
        path = self._folder.path
        for part in pure.parts[:-1]:
            path = path / part
            if path.is_symlink():
                raise Unwelcome(f"{name[:200]!r} leads through a link")
        return path / pure.parts[-1]


def _of_attempt(config: Path, attempt: int) -> Path:
    """Return the config file of an attempt that resumes, beside that of the first one."""
    return config.with_name(f"{config.stem}.a{attempt}{config.suffix}")
