"""The place in a run's logs that says why it failed."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from gym_gui.reading.logs import MAX_LINES, LogLine, LogQuery, read_log
from gym_gui.runs import RunFolder, RunState, RunSummary, load_plan

#: Lines of a failure's text at most.
_LINES = 200
_LAST = 20
_BEGIN = "Traceback (most recent call last)"


class Failure(msgspec.Struct, kw_only=True):
    """Where a run's logs say what went wrong."""

    kind: str = ""
    """``traceback``, ``error``: a line with words of an error, ``end``: the last lines; empty: nothing was printed."""
    worker_id: str = ""
    attempt: int = 0
    stream: str = ""
    """``stderr`` or ``output``."""
    offset: int = 0
    """Byte at which it begins."""
    text: str = ""


def failed_workers(run: RunSummary) -> list[str]:
    """Return the workers of a run that failed."""
    return [worker.worker_id for worker in run.workers if worker.state in (RunState.FAILED, RunState.LOST)]


def find_failure(folder: RunFolder, first: Sequence[str] = ()) -> Failure:
    """Return the last traceback in a worker's last error output, else its last error line, else its last lines.

    Args:
        folder: The run's folder.
        first: Workers to look at before the others: those that failed.

    Raises:
        MosaicError: The logs cannot be read.
    """
    workers = [worker.worker_id for worker in load_plan(folder).workers]
    order = sorted(workers, key=lambda worker_id: worker_id not in first)
    found = [failure for worker_id in order if (failure := _of_worker(folder, worker_id)).kind]
    for kind in ("traceback", "error", "end"):
        for failure in found:
            if failure.kind == kind and (kind != "end" or failure.text):
                return failure
    return Failure()


def _of_worker(folder: RunFolder, worker_id: str) -> Failure:
    last = Failure()
    for stream in ("stderr", "output"):
        page = read_log(folder, LogQuery(stream=stream, worker_id=worker_id, limit=MAX_LINES))
        if not page.attempts:
            break  # it was never started
        lines = page.lines
        place = next((index for index in range(len(lines) - 1, -1, -1) if _BEGIN in lines[index].text), None)
        if place is not None:
            failure = _failure("traceback", stream, page.worker_id, page.attempt, _traceback(lines[place:]))
            failure.text = _of_record(lines[place].text) or failure.text
            return failure
        errors = read_log(
            folder, LogQuery(stream=stream, worker_id=worker_id, attempt=page.attempt, level="error", limit=1)
        ).lines
        if errors and last.kind != "error":
            last = _failure("error", stream, page.worker_id, page.attempt, errors)
        elif lines and not last.kind:
            last = _failure("end", stream, page.worker_id, page.attempt, lines[-_LAST:])
    return last


def _traceback(lines: Sequence[LogLine]) -> Sequence[LogLine]:
    """Return the lines of a traceback: up to its error's message, which may go on over several lines."""
    indent = len(lines[0].text) - len(lines[0].text.lstrip())
    for index, line in enumerate(lines[1:], 1):
        text = line.text[indent:]
        if text and not text[0].isspace():
            return lines[: min(index + 1, _LINES)]
    return lines[:_LINES]


def _of_record(line: str) -> str:
    """Return the traceback in a structured log record; empty for any other line."""
    try:
        record = json.loads(line) if line.startswith("{") else {}
    except (ValueError, RecursionError):
        return ""
    texts = [value for value in record.values() if isinstance(value, str) and _BEGIN in value]
    return texts[0][texts[0].index(_BEGIN) :].rstrip() if texts else ""


def _failure(kind: str, stream: str, worker_id: str, attempt: int, lines: Sequence[LogLine]) -> Failure:
    return Failure(
        kind=kind,
        worker_id=worker_id,
        attempt=attempt,
        stream=stream,
        offset=lines[0].offset,
        text="\n".join(line.text for line in lines),
    )
