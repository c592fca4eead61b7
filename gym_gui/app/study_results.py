"""Saves what a study came to: a table, and the files of its runs, into a folder or a ZIP file."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Protocol

import msgspec

from gym_gui.core.worker.errors import MosaicError, UsageError
from gym_gui.fleet import StudyResults, named_files, results_csv, results_json

if TYPE_CHECKING:
    from gym_gui.rpc import TrainerClient


class SavedResults(msgspec.Struct, kw_only=True):
    """What was saved."""

    path: str
    files: int
    bytes: int
    failed: dict[str, str]
    """By name of a file that could not be read: the reason."""


class _Target(Protocol):
    def open(self, name: str) -> IO[bytes]: ...


def save_results(client: TrainerClient, results: StudyResults, target: Path, *, files: bool = True) -> SavedResults:
    """Save a study's results; a ZIP file appears under its name once all of it is there.

    Args:
        client: The daemon, from which the files are read.
        results: The results.
        target: A folder that is new or empty, or a file that ends in ``.zip``.
        files: With the files of the runs.

    Raises:
        UsageError: The folder has other files.
        MosaicError: The disk refused.
    """
    try:
        with _opened(target) as place:
            return _save(client, results, place, target, files=files)
    except OSError as error:
        raise MosaicError(
            f"the results of {results.name!r} cannot be saved: {error.strerror or error}",
            where=str(target),
            next_step="name another place: --output FOLDER",
        ) from error


def _save(client: TrainerClient, results: StudyResults, place: _Target, target: Path, *, files: bool) -> SavedResults:
    saved = SavedResults(path=str(target), files=0, bytes=0, failed={})
    for name, text in (("results.csv", results_csv(results)), ("results.json", results_json(results))):
        with place.open(name) as stream:
            stream.write(text.encode())
    for row, file, name in named_files(results) if files else ():
        _save_file(client, row.run.run_id, file.path, name, place, saved)
    return saved


def _save_file(client: TrainerClient, run_id: str, path: str, name: str, place: _Target, saved: SavedResults) -> None:
    try:
        with place.open(name) as stream:
            saved.bytes += _copy(client, run_id, path, stream)
        saved.files += 1
    except MosaicError as error:
        saved.failed[name] = error.why or error.what


def _copy(client: TrainerClient, run_id: str, path: str, stream: IO[bytes]) -> int:
    written = 0
    while True:
        data, size = client.read_file(run_id, path, offset=written)
        stream.write(data)
        written += len(data)
        if not data or written >= size:
            return written


class _Folder:
    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, name: str) -> IO[bytes]:
        path = self._path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("wb")


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive

    def open(self, name: str) -> IO[bytes]:
        return self._archive.open(name, "w", force_zip64=True)


@contextmanager
def _opened(target: Path) -> Iterator[_Target]:
    if target.suffix.lower() != ".zip":
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise UsageError(
                "the results need a folder of their own",
                where=str(target),
                why="it has files already" if target.is_dir() else "it is a file",
                next_step="name a new folder, or a file that ends in .zip",
            )
        target.mkdir(parents=True, exist_ok=True)
        yield _Folder(target)
        return
    part = target.with_name(f".{target.name}.part")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
            yield _Zip(archive)
        shutil.move(part, target)
    finally:
        part.unlink(missing_ok=True)
