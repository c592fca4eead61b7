"""Files that an attempt begins with and that are not its run's own: checkpoints of other runs, by digest."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import open_regular
from gym_gui.fleet.digests import sha256_of
from gym_gui.runs import RunFolder, is_run_id

#: The setting of a worker whose file is sent along wherever it lies.
_CHECKPOINT = "checkpoint_path"
#: Digests that are kept in memory, of files that have not changed since.
_DIGESTS = 100_000
#: A folder with more files than this is no checkpoint.
_MOST_FILES = 10_000


class InputFile(msgspec.Struct, frozen=True):
    """One file of an input."""

    name: str
    """Path in the input's folder; empty where the input is this file."""
    size: int
    """Bytes."""
    sha256: str


class Input(msgspec.Struct, frozen=True):
    """A file or folder of the home that an attempt begins with."""

    path: str
    """Where it lies in the home, as the attempt's config names it."""
    files: list[InputFile]


class UnreadableInputError(Exception):
    """A file that an attempt is to begin with cannot be read; the text says which, and why."""


def find_inputs(folder: RunFolder, config: dict[str, Any], argv: list[str]) -> list[Input]:
    """Return the files that an attempt begins with, of those that its config and its command name.

    These are files of other runs of the home, and the file of ``checkpoint_path`` wherever it lies.

    Args:
        folder: The run's folder.
        config: The worker's flat config.
        argv: Its command.

    Raises:
        UnreadableInputError: One cannot be read.
    """
    runs = folder.path.resolve().parent
    named = [*_strings(config, ""), *(("", word) for word in argv)]
    found: dict[str, Input] = {}
    for key, text in named:
        if text in found or not text.startswith("/") or "\0" in text or len(text) > 4000:
            continue
        path = Path(text)
        if not _is_sent(path, runs, folder.run_id, key) or not path.exists():
            continue
        try:
            found[text] = Input(text, list(_files(path)))
        except OSError as error:
            raise UnreadableInputError(f"{text} cannot be read: {error.strerror or error}") from error
    return list(found.values())


def input_path(inputs: list[Input], sha256: str) -> Path | None:
    """Return the file of the home that has a digest among some inputs, ``None`` if none has."""
    for each in inputs:
        for file in each.files:
            if file.sha256 == sha256:
                return Path(each.path) / file.name if file.name else Path(each.path)
    return None


def _strings(value: Any, key: str) -> Iterator[tuple[str, str]]:
    """Yield the strings of plain JSON, with the keys that they have."""
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _strings(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, key)


def _is_sent(path: Path, runs: Path, run_id: str, key: str) -> bool:
    try:
        first = path.resolve().relative_to(runs).parts[0]
    except (ValueError, IndexError, OSError, RuntimeError):
        return key == _CHECKPOINT
    if first == run_id:  # the run's own files are sent with the attempt
        return False
    return is_run_id(first) and path.resolve() != runs / first


def _files(path: Path) -> Iterator[InputFile]:
    """Yield the files of an input.

    Raises:
        OSError: One cannot be read.
    """
    real = path.resolve()
    if not real.is_dir():
        yield _file(real, "")
        return
    count = 0
    for root, folders, names in os.walk(real):
        folders.sort()
        for name in sorted(names):
            each = Path(root, name)
            if each.is_symlink() or not each.is_file():
                continue
            count += 1
            if count > _MOST_FILES:
                raise OSError(0, f"it has more than {_MOST_FILES:,} files", str(path))
            yield _file(each, each.relative_to(real).as_posix())


def _file(path: Path, name: str) -> InputFile:
    descriptor = open_regular(path)
    try:
        return InputFile(name, os.fstat(descriptor).st_size, _digests.of(descriptor))
    finally:
        os.close(descriptor)


class _Digests:
    """The digests of files, each read once until it changes, however many threads ask for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[tuple[int, ...], Future[str]] = {}

    def of(self, descriptor: int) -> str:
        """Return the digest of an open file.

        Raises:
            OSError: It cannot be read.
        """
        stat = os.fstat(descriptor)
        key = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        with self._lock:
            known = self._known.get(key)
            if known is None:
                own = self._known[key] = Future[str]()
                if len(self._known) > _DIGESTS:
                    del self._known[next(iter(self._known))]
        if known is not None:
            return known.result()
        try:
            own.set_result(sha256_of(descriptor))
        except BaseException as error:
            with self._lock:
                self._known.pop(key, None)
            own.set_exception(error)
            raise
        return own.result()


_digests = _Digests()
