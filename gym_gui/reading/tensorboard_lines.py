"""Curves of the scalars in the event files that a run's workers wrote for TensorBoard."""

from __future__ import annotations

import math
import os
import threading
from collections import OrderedDict, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from gym_gui.core.regular_files import open_stream
from gym_gui.core.worker.errors import UsageError
from gym_gui.reading.event_files import EventFile, Scalars
from gym_gui.reading.files import FileEntry, list_files
from gym_gui.reading.thinning import SeriesLine, Thinning, least_width
from gym_gui.runs import RunFolder, RunSummary

TENSORBOARD_PREFIX = "tensorboard/"
#: Folders of a run in which workers write event files: each has one folder a worker.
_FOLDERS = ("tensorboard", "work")
#: Values of files that stay in memory: they are not read again from their beginning.
_KEPT_VALUES = 2_000_000
_lock = threading.Lock()
_files: OrderedDict[tuple[Path, int], EventFile] = OrderedDict()


class _Part(NamedTuple):
    """Values of one tag in one file."""

    name: str
    worker_id: str
    scalars: Scalars


def event_files(folder: RunFolder) -> list[FileEntry]:
    """Return a run's event files, sorted by path.

    Args:
        folder: The run's folder.
    """
    found: list[FileEntry] = []
    for name in _FOLDERS:
        try:
            entries = list_files(folder, name, recursive=True).entries
        except UsageError:  # there is no such folder
            continue
        found += [entry for entry in entries if entry.kind == "file" and ".tfevents." in PurePosixPath(entry.path).name]
    return found


def tensorboard_values(folder: RunFolder) -> dict[str, list[tuple[str, Scalars]]]:
    """Return by name the values of each series, with their worker, one entry a file.

    A name is ``tensorboard/``, the folder below the worker's own one if there is any, and the tag.

    Args:
        folder: The run's folder.
    """
    found: dict[str, list[tuple[str, Scalars]]] = defaultdict(list)
    with _lock:
        for part in _parts(folder):
            found[part.name].append((part.worker_id, part.scalars))
    return dict(sorted(found.items()))


def tensorboard_lines(
    found: Sequence[tuple[str, Scalars]],
    run: RunSummary,
    x: str,
    start: float,
    between: tuple[float, float],
    points: int,
) -> list[SeriesLine]:
    """Return the curves of a series, one a worker and attempt.

    Args:
        found: Its values, as :func:`tensorboard_values` has them.
        run: The run: its attempts are told apart by when they started.
        x: The axis; over ``episode`` no value has a place.
        start: Unix time that is 0 on an axis of time.
        between: Lowest and highest x.
        points: Maximum number of points of each.
    """
    parts: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    low, high = between
    for worker_id, scalars in found:
        place = parts[worker_id, _attempt(run, worker_id, scalars.times[0])]
        if x == "update":
            xs: Sequence[float] = range(len(place) + 1, len(place) + 1 + len(scalars.values))
        elif x == "step":
            xs = scalars.steps
        else:
            xs = [time - start for time in scalars.times]
        place.extend(zip(xs, scalars.values, strict=False))  # one more may be added meanwhile
    lines = []
    for (worker_id, attempt), pairs in parts.items():
        if x == "episode":
            lines.append(SeriesLine(worker_id=worker_id, attempt=attempt, without_x=len(pairs)))
            continue
        chosen = [pair for pair in pairs if low <= pair[0] <= high]
        thinning = Thinning(points, least_width(len(chosen), points))
        thinning.add_values(range(len(chosen)), [at for at, _ in chosen], [value for _, value in chosen])
        line = thinning.line()
        line.worker_id, line.attempt = worker_id, attempt
        lines.append(line)
    return lines


def finite_values(found: Sequence[tuple[str, Scalars]]) -> list[float]:
    """Return the finite values of a series."""
    return [value for _, scalars in found for value in scalars.values if math.isfinite(value)]


def _parts(folder: RunFolder) -> Iterator[_Part]:
    for entry in event_files(folder):
        path = PurePosixPath(entry.path)
        worker_id = path.parts[1] if len(path.parts) > 2 else ""
        below = "/".join(path.parts[2:-1])
        for tag, scalars in _read(folder.path / path).scalars.items():
            yield _Part(f"{TENSORBOARD_PREFIX}{below}{'/' * bool(below)}{tag}", worker_id, scalars)


def _read(path: Path) -> EventFile:
    """Return what a file has by now; of one that cannot be read, what was read before."""
    try:
        with open_stream(path) as stream:
            key = path, os.fstat(stream.fileno()).st_ino
            file = _files.pop(key, None) or EventFile()
            _files[key] = file  # at the end: it was used last
            file.read(stream)
    except OSError:
        return EventFile()
    while len(_files) > 1 and sum(each.count for each in _files.values()) > _KEPT_VALUES:
        _files.popitem(last=False)
    return file


def _attempt(run: RunSummary, worker_id: str, time: float) -> int:
    """Return the attempt that was the last one to start before a time."""
    attempts = [each for worker in run.workers if worker.worker_id == worker_id for each in worker.attempts]
    return max((each.attempt for each in attempts if each.started_at is None or each.started_at <= time), default=1)
