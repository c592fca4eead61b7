"""A second, simple parser of raw logs, independent of the decoder.

It follows the documentation and uses the `json` module alone, line by line. `mosaic runs verify` compares the database
with its result.
The limits, the table of aliases and the parsing of times (`limits.py`, `aliases.py`, `timestamps.py`) are shared with
the decoder; nothing else is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from gym_gui.telemetry.aliases import KIND_ALIASES
from gym_gui.telemetry.limits import DATA_KINDS, LIFECYCLE_KINDS, MAX_DEPTH, MAX_LINE_BYTES
from gym_gui.telemetry.timestamps import unix_seconds
from gym_gui.telemetry.verify._fields import DATA_ROWS, Fields
from gym_gui.telemetry.verify._json_objects import BLANKS, objects_in, parse, too_deep


class RawLine(NamedTuple):
    """One line of a log."""

    offset: int
    length: int
    """Bytes, without the newline."""
    data: bytes | None
    """``None`` for an over-long line."""
    torn: bool
    """No newline follows."""


class Record(NamedTuple):
    """A telemetry object of a line."""

    offset: int
    table: str
    """The table of its rows; empty: it is not valid."""
    values: tuple[Any, ...] = ()
    """Columns of its row after the id, in the order of `compared.COMPARED`: names in place of their ids, JSON as the
    `json` module writes it. Of a metric event: its step, its values by name, its time, and the other fields."""
    dropped: int = 0
    sampled: int = 0


def raw_lines(stream: BinaryIO, start: int, end: int) -> Iterator[RawLine]:
    """Yield the lines of a log, at most one in memory.

    Args:
        stream: The log, opened.
        start: Logical offset of its first byte.
        end: Logical offset at which to stop: the end of what the database has read.
    """
    offset = start
    while offset < end:
        data = stream.readline(min(MAX_LINE_BYTES + 1, end - offset))
        if not data:
            return
        if data.endswith(b"\n"):
            yield RawLine(offset, len(data) - 1, data[:-1], torn=False)
            offset += len(data)
            continue
        if len(data) <= MAX_LINE_BYTES:
            yield RawLine(offset, len(data), data, torn=True)
            return
        length, ended = len(data), False
        while not ended and offset + length < end:
            more = stream.readline(min(1 << 20, end - offset - length))
            if not more:
                break
            ended = more.endswith(b"\n")
            length += len(more) - ended
        yield RawLine(offset, length, None, torn=not ended)
        offset += length + ended


class LineClassifier:
    """Classifies lines: telemetry, quarantined, or program output.

    Args:
        run_id: Of the run.
        worker_id: The launched instance.
        supervisor: The log is the supervisor's own: any event name is one.
    """

    def __init__(self, run_id: str, worker_id: str, *, supervisor: bool) -> None:
        self._run_id = run_id
        self._worker_id = worker_id
        self._supervisor = supervisor

    def records(self, line: RawLine) -> list[Record] | None:
        """Return the telemetry objects of a line, or ``None`` for program output.

        A line that is quarantined as a whole is one record without table, at the line's own offset.
        """
        whole_is_bad = [Record(line.offset, "")]
        if line.data is None:
            return whole_is_bad
        # One character per byte: positions in this text are byte offsets.
        text = line.data.decode("latin-1")
        body = text.strip(BLANKS)
        opens = body.count("{") + body.count("[") if len(body) > MAX_DEPTH else 0
        if body.startswith("{"):
            if opens > MAX_DEPTH and too_deep(body, 0):
                return whole_is_bad
            try:
                value = parse(body if body.isascii() else body.encode("latin-1").decode("utf-8"))
            except UnicodeDecodeError:
                fallback = whole_is_bad if line.torn or body.endswith("}") else None
            except json.JSONDecodeError:
                fallback = whole_is_bad if line.torn or _begins_as_event(body) else None
            else:
                return [self._record(value, line.offset, body)]
        else:
            fallback = None
        records = []
        for start, piece in objects_in(text, opens):
            if piece is None:
                fallback = whole_is_bad
                break
            try:
                value = parse(piece.encode("latin-1").decode("utf-8"))
            except UnicodeDecodeError:
                if _claims(parse(piece)):
                    records.append(Record(line.offset + start, ""))
                continue
            if _claims(value):
                records.append(self._record(value, line.offset + start, piece))
        return records or fallback

    def _record(self, value: dict[str, Any], offset: int, printed: str) -> Record:
        bad = Record(offset, "")
        if "\\u" in printed and not _can_be_stored(value):
            return bad
        key = next((key for key in ("event_type", "event", "type") if key in value), None)
        kind = value[key] if key else None
        if not isinstance(kind, str) or value.get("run_id") not in (None, self._run_id):
            return bad
        kind = KIND_ALIASES.get(kind, kind)
        is_event = kind in LIFECYCLE_KINDS or (self._supervisor and key == "event")
        if kind not in DATA_KINDS and not is_event:
            return bad
        fields = Fields(value, kind)
        fields.use("run_id", *([key] if key else []), *([] if kind in DATA_KINDS else ["event"]))
        if value.get("worker_id") == self._worker_id:
            fields.use("worker_id")
        dropped, sampled = fields.count("dropped"), fields.count("sampled")
        if kind in DATA_KINDS:
            values, table = DATA_ROWS[kind](fields), kind + "s"
        else:
            values, table = self._event(fields), "events"
        return bad if values is None else Record(offset, table, values, dropped, sampled)

    def _event(self, fields: Fields) -> tuple[Any, ...]:
        time = fields.time()
        if self._supervisor and time is None:
            time = unix_seconds(fields.event.get("at"))
        return fields.kind, time, fields.json("payload"), fields.left()


def _claims(value: dict[str, Any]) -> bool:
    return "event_type" in value or "event" in value or "type" in value


def _begins_as_event(body: str) -> bool:
    """Return whether a broken line begins as an event, within 256 bytes before anything nested."""
    begin = body[1:256].partition("{")[0].partition("[")[0].replace(" ", "").replace("\t", "")
    if '"event":' in begin or '"event_type":' in begin:
        return True
    return any(f'"type":"{kind}' in begin for kind in DATA_KINDS)


def _can_be_stored(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
