"""Decodes log lines to rows: by type as the SDK prints them, others field by field."""

from __future__ import annotations

import itertools
import json
import operator
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gym_gui.telemetry._wire import Episode, Metric, typed_decoder
from gym_gui.telemetry.batch import Batch, Row
from gym_gui.telemetry.errors import InvalidTelemetry
from gym_gui.telemetry.fields import Dump, FieldReader, dump, dump_finite, is_telemetry
from gym_gui.telemetry.limits import EXCERPT_BYTES, MAX_DEPTH, MAX_LINE_BYTES
from gym_gui.telemetry.salvage import check_depth, check_surrogates, parse, salvage_objects
from gym_gui.telemetry.timestamps import unix_seconds

#: No line shorter than this can nest deeper than `MAX_DEPTH`.
_SHALLOW_BYTES = 2 * MAX_DEPTH
_BLANKS = b" \t\r"
#: Marks a line that begins with a brace as an event and not other output; searched up to the next brace.
_BEGUN_EVENT = re.compile(rb'"(?:event|event_type)"[ \t]*:|"type"[ \t]*:[ \t]*"(?:step|episode|metric)')
_BEGIN_BYTES = 256
_NESTED = re.compile(rb"[\[{]")
#: The sqlite3 module binds plain integers several times faster than booleans.
_FLAGS: dict[bool | None, int | None] = {True: 1, False: 0, None: None}
_decode_any = msgspec.json.Decoder().decode
_NULLS = frozenset(("", "null"))
_first = operator.itemgetter(0)
_metric_row = operator.itemgetter(1)
_timestamp = operator.itemgetter(9)


class LineDecoder:
    """Decodes the lines of one log.

    Args:
        run_id: Of the run.
        worker_id: The launched instance whose log it is.
        names: Ids of names (agents and metrics); a lookup may add one.
        origin: Row id of the log's first byte.
        any_event: Accept any event name (the supervisor's own log).
    """

    def __init__(
        self, run_id: str, worker_id: str, names: Mapping[str, int], origin: int, *, any_event: bool = False
    ) -> None:
        self._fields = FieldReader(run_id, worker_id, names, any_event=any_event)
        self._names = names
        self._origin = origin
        decoder, self._step_type = typed_decoder(run_id, worker_id)
        self._decode = decoder.decode

    def decode(self, data: bytes, start: int, *, torn: bool = False) -> Batch:
        """Decode a stretch of whole lines.

        Args:
            data: The lines. Each ends with a newline, unless `torn`.
            start: Logical offset of the first byte.
            torn: The data is the last line of an ended attempt, and has no newline.
        """
        batch = Batch(data=data, origin=self._origin + start)
        lines = data.split(b"\n")
        if not torn:
            lines.pop()
        # Where each line begins: the lengths before it, and one newline for each.
        lengths = itertools.accumulate(map(len, lines), initial=batch.origin)
        rows = list(map(operator.add, lengths, range(len(lines))))
        batch.counts.lines = len(lines)
        records = self._typed(lines, rows, self._excluded(data, lines), batch, torn=torn)
        unsorted = len(batch.steps) > 0
        self._add_steps(records, rows, batch)
        if unsorted:
            batch.steps.sort(key=_first)
        if len(batch.steps) < len(records):
            metrics = len(batch.metrics)
            step_type = self._step_type
            for number, record in enumerate(records):
                if record is not None and type(record) is not step_type:
                    self._add_other(record, rows[number], lines[number], batch)
            batch.episodes.sort(key=_first)
            batch.quarantine.sort(key=_first)
            if metrics:  # of lines that were parsed field by field
                batch.metrics.sort(key=_metric_row)
                batch.metric_extras.sort(key=_first)
        return batch

    def overlong(self, start: int, length: int) -> Batch:
        """Return a batch that quarantines a line over `MAX_LINE_BYTES`.

        Args:
            start: Logical offset of its first byte.
            length: Its bytes, without the newline.
        """
        batch = Batch()
        detail = f"a line of {length} bytes; the limit is {MAX_LINE_BYTES}"
        batch.quarantine.append((self._origin + start, length, "over_long", detail, b""))
        batch.counts.lines += 1
        batch.counts.quarantined += 1
        return batch

    @staticmethod
    def _excluded(data: bytes, lines: list[bytes]) -> set[int]:
        """Return the lines unfit for the typed decoder, which does not check free-form values."""
        excluded: set[int] = set()
        if lines and max(map(len, lines)) >= _SHALLOW_BYTES:
            excluded.update(
                number
                for number, line in enumerate(lines)
                if len(line) >= _SHALLOW_BYTES and line.count(b"{") + line.count(b"[") > MAX_DEPTH
            )
        if not data.isascii():
            try:
                data.decode()
            except UnicodeDecodeError:
                excluded.update(number for number, line in enumerate(lines) if not _is_utf8(line))
        return excluded

    def _typed(self, lines: list[bytes], rows: list[int], excluded: set[int], batch: Batch, *, torn: bool) -> list[Any]:
        """Decode lines by type. Every other line is parsed at once, and leaves ``None``."""
        records: list[Any] = []
        total = len(lines)
        lines_in = [b"" if number in excluded else line for number, line in enumerate(lines)] if excluded else lines
        rest = iter(lines_in)
        while len(records) < total:
            try:
                # The records before a line that fails stay in the list: the loop over good lines runs in C.
                records.extend(map(self._decode, rest))
            except Exception:  # noqa: BLE001, PERF203 - parsing field by field finds what is wrong with the line
                number = len(records)
                self._read(lines[number], rows[number], batch, torn=torn)
                records.append(None)
                # Program output comes in runs: no need to fail at each of its lines.
                while (number := len(records)) < total and not lines_in[number].startswith(b"{"):
                    next(rest)
                    self._read(lines[number], rows[number], batch, torn=torn)
                    records.append(None)
        return records

    def _add_steps(self, records: list[Any], rows: list[int], batch: Batch) -> None:
        """Turn typed steps into rows."""
        step_type = self._step_type
        kinds = set(map(type, records))
        if kinds != {step_type}:
            if step_type not in kinds:
                return
            chosen = [number for number, record in enumerate(records) if type(record) is step_type]
            records, rows = [records[number] for number in chosen], [rows[number] for number in chosen]
        names, flags = self._names, _FLAGS
        actions = _texts([record.action for record in records])
        observations = _texts([record.observation for record in records])
        steps = [
            (
                row,
                record.step_index,
                record.ep_index,
                names[record.agent_id] if record.agent_id else 0,
                record.reward,
                flags[record.terminated],
                flags[record.truncated],
                action,
                observation,
                record.timestamp,
                None,
                None,
            )
            for row, record, action, observation in zip(rows, records, actions, observations, strict=True)
        ]
        if str in set(map(type, map(_timestamp, steps))):
            steps = [_with_time(row) if isinstance(row[9], str) else row for row in steps]
        batch.steps += steps
        batch.counts.records += len(records)
        batch.counts.stored += len(records)

    def _add_other(self, record: Episode | Metric, row: int, line: bytes, batch: Batch) -> None:
        """Turn a typed episode or metric into rows."""
        timestamp, extra = _time(record.timestamp)
        if isinstance(record, Metric):
            if not record.values:
                self._read(line, row, batch, torn=False)
                return
            if extra is not None:
                batch.metric_extras.append((row, extra))
            batch.metrics += [
                (self._names[name], row, record.step, value, timestamp) for name, value in record.values.items()
            ]
        else:
            rewards = str(record.agent_rewards, "utf-8")
            batch.episodes.append(
                (
                    row,
                    int(record.phase == "eval"),
                    record.ep_index,
                    self._names[record.agent_id] if record.agent_id else 0,
                    record.total_reward,
                    record.steps,
                    _FLAGS[record.terminated],
                    _FLAGS[record.truncated],
                    _FLAGS[record.success],
                    None if rewards in _NULLS else rewards,
                    timestamp,
                    None,
                    extra,
                )
            )
            batch.counts.dropped += record.dropped
            batch.counts.sampled += record.sampled
            if record.sampled:
                batch.left_out.append((row, int(record.phase == "eval"), record.sampled))
        batch.counts.records += 1
        batch.counts.stored += 1

    def _read(self, line: bytes, row: int, batch: Batch, *, torn: bool) -> None:
        """Parse one line: it becomes a record, program output, or quarantined."""
        body = line.strip(_BLANKS)
        if not body.startswith(b"{"):
            if b"{" in body:
                self._read_mixed(line, row, batch, None)
            else:
                batch.counts.log += 1
            return
        try:
            check_depth(body)
            record, dumper = _parse(body)
            self._fields.read(record, row, batch, dumper)
        except json.JSONDecodeError:
            fault = None
            if torn:
                fault = InvalidTelemetry("torn", "the attempt ended within this line")
            elif _BEGUN_EVENT.search(_NESTED.split(body[1:_BEGIN_BYTES], 1)[0]):
                fault = InvalidTelemetry("torn", "an event that is cut off, or into which something else was printed")
            self._read_mixed(line, row, batch, fault)
        except UnicodeDecodeError:
            fault = InvalidTelemetry("not_utf8", "an object that is not UTF-8") if body.endswith(b"}") or torn else None
            self._read_mixed(line, row, batch, fault)
        except InvalidTelemetry as invalid:
            self._quarantine(line, row, batch, invalid)
            batch.counts.quarantined += 1
        except Exception as error:  # noqa: BLE001 - no line may stop the reader
            self._quarantine(line, row, batch, InvalidTelemetry("unreadable", repr(error)))
            batch.counts.quarantined += 1
        else:
            batch.counts.stored += 1

    def _read_mixed(self, line: bytes, row: int, batch: Batch, fault: InvalidTelemetry | None) -> None:
        """Extract whole telemetry objects from a line; without any it is output or faulty."""
        stored: list[int] = []
        refused = 0
        try:
            for found in salvage_objects(line):
                if not is_telemetry(found.keys):
                    continue
                piece = row + found.start
                try:
                    if found.value is None:
                        raise InvalidTelemetry("not_utf8", "an object that is not UTF-8")
                    check_surrogates(line[found.start : found.end], found.value)
                    self._fields.read(found.value, piece, batch)
                except InvalidTelemetry as invalid:
                    self._quarantine(line[found.start : found.end], piece, batch, invalid)
                    refused += 1
                else:
                    stored.append(piece)
        except InvalidTelemetry as too_deep:
            fault = too_deep
        except Exception as error:  # noqa: BLE001 - no line may stop the reader
            fault = InvalidTelemetry("unreadable", repr(error))
        if stored:
            batch.counts.stored += 1
            cell = [len(stored)]
            batch.shared.update((piece, cell) for piece in stored if len(stored) > 1)
        elif refused:
            batch.counts.quarantined += 1
        elif fault is not None:
            self._quarantine(line, row, batch, fault)
            batch.counts.quarantined += 1
        else:
            batch.counts.log += 1

    @staticmethod
    def _quarantine(data: bytes, row: int, batch: Batch, invalid: InvalidTelemetry) -> None:
        batch.quarantine.append((row, len(data), invalid.reason, invalid.detail, data[:EXCERPT_BYTES]))


def _parse(body: bytes) -> tuple[dict[str, Any], Dump]:
    """Parse a line that begins with a brace; return it and how to dump its parts."""
    try:
        return _decode_any(body), dump_finite
    except msgspec.DecodeError:  # NaN and infinities are not JSON; nor is a damaged line
        record: dict[str, Any] = parse(body.decode())
        check_surrogates(body, record)
        return record, dump


def _time(printed: float | str | None) -> tuple[float | None, str | None]:
    """Return a printed time as Unix seconds, and as JSON if it cannot be parsed."""
    seconds = unix_seconds(printed)
    return seconds, None if seconds is not None or printed is None else dump({"timestamp": printed})


def _with_time(row: Row) -> Row:
    seconds, extra = _time(row[9])
    return (*row[:9], seconds, None, extra)


def _texts(values: Iterable[msgspec.Raw]) -> list[str] | list[str | None]:
    """Return the values of a JSON column as text, ``None`` for null. (None has a newline.)"""
    texts = b"\n".join(values).decode().split("\n")
    nulls = _NULLS.intersection(texts)
    if not nulls:
        return texts
    return [None if text in nulls else text for text in texts]


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
