"""A second, simple reading of a raw log, by the rules that stand in the documentation and not by the decoder's code.

It uses the `json` module alone, one line after the other, and is what `mosaic runs verify` holds the database against.
The bounds, the table of aliases and the reading of times (`limits.py`, `aliases.py`, `timestamps.py`) are shared with
the decoder; nothing else is.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

from gym_gui.telemetry.aliases import KIND_ALIASES, spellings
from gym_gui.telemetry.limits import (
    DATA_KINDS,
    LIFECYCLE_KINDS,
    MAX_DEPTH,
    MAX_INDEX,
    MAX_LINE_BYTES,
    MAX_METRIC_VALUES,
    MAX_NAME_CHARACTERS,
)
from gym_gui.telemetry.timestamps import unix_seconds

_WINDOW = 1 << 16
_BETWEEN = frozenset(" \t\r,:0123456789+-.eEaflnrstuyNIi")
_BLANKS = " \t\r"


class RawLine(NamedTuple):
    """One line of a log."""

    offset: int
    length: int
    """Bytes, without the newline."""
    data: bytes | None
    """``None``: longer than is read."""
    torn: bool
    """No newline follows."""


class Record(NamedTuple):
    """A telemetry object of a line."""

    offset: int
    table: str
    """Where its rows belong; empty: it is not valid."""
    values: tuple[Any, ...] = ()
    """What its row holds after the id, in the order of `verify.COMPARED`: text in place of ids of names, JSON as the
    `json` module writes it. Of a metric event: its step, its values by name, its time, and what is left of it."""
    dropped: int = 0
    sampled: int = 0


def raw_lines(stream: BinaryIO, start: int, end: int) -> Iterator[RawLine]:
    """Yield the lines of a log, never holding more than one that is not over-long.

    Args:
        stream: The log, opened.
        start: Logical offset of its first byte.
        end: Logical offset at which to stop: what comes after was not read by the database either.
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


class LineJudge:
    """Tells what a line is.

    Args:
        run_id: Of the run.
        worker_id: The launched instance.
        supervisor: The log is the supervisor's own: any event name is one.
    """

    def __init__(self, run_id: str, worker_id: str, *, supervisor: bool) -> None:
        self._run_id = run_id
        self._worker_id = worker_id
        self._supervisor = supervisor

    def judge(self, line: RawLine) -> list[Record] | None:
        """Return the telemetry objects of a line, or ``None`` for program output.

        A line that is quarantined as a whole is one record without table, at the line's own offset.
        """
        whole_is_bad = [Record(line.offset, "")]
        if line.data is None:
            return whole_is_bad
        # One character per byte: positions in this text are byte offsets.
        text = line.data.decode("latin-1")
        body = text.strip(_BLANKS)
        opens = body.count("{") + body.count("[") if len(body) > MAX_DEPTH else 0
        if body.startswith("{"):
            if opens > MAX_DEPTH and _too_deep(body, 0):
                return whole_is_bad
            try:
                value = _parse(body if body.isascii() else body.encode("latin-1").decode("utf-8"))
            except UnicodeDecodeError:
                fallback = whole_is_bad if line.torn or body.endswith("}") else None
            except json.JSONDecodeError:
                fallback = whole_is_bad if line.torn or _begins_as_event(body) else None
            else:
                return [self._record(value, line.offset, body)]
        else:
            fallback = None
        records = []
        for start, piece in _objects(text, opens):
            if piece is None:
                fallback = whole_is_bad
                break
            try:
                value = _parse(piece.encode("latin-1").decode("utf-8"))
            except UnicodeDecodeError:
                if _claims(_parse(piece)):
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
        known = kind in LIFECYCLE_KINDS or (self._supervisor and key == "event")
        if kind not in DATA_KINDS and not known:
            return bad
        fields = _Fields(value, kind)
        fields.use("run_id", *([key] if key else []), *([] if kind in DATA_KINDS else ["event"]))
        if value.get("worker_id") == self._worker_id:
            fields.use("worker_id")
        dropped, sampled = fields.count("dropped"), fields.count("sampled")
        if kind in DATA_KINDS:
            values, table = _DATA[kind](fields), kind + "s"
        else:
            values, table = self._event(fields), "events"
        return bad if values is None else Record(offset, table, values, dropped, sampled)

    def _event(self, fields: _Fields) -> tuple[Any, ...]:
        time = fields.time()
        if self._supervisor and time is None:
            time = unix_seconds(fields.event.get("at"))
        return fields.kind, time, fields.json("payload"), fields.left()


def _objects(text: str, opens: int) -> Iterator[tuple[int, str | None]]:
    """Yield start and text of each whole object; a text of ``None``: too deep, and the last."""
    place = text.find("{")
    while place >= 0:
        following = place + 1
        if _quote_follows(text, following):
            if opens > MAX_DEPTH and _too_deep(text, place):
                yield place, None
                return
            length = _object_length(text, place)
            if length:
                yield place, text[place : place + length]
                following = place + length
        place = text.find("{", following)


def _quote_follows(text: str, start: int) -> bool:
    while start < len(text) and text[start] in _BLANKS:
        start += 1
    return text.startswith('"', start)


def _object_length(text: str, start: int) -> int:
    """Return the length of the object at a place, 0 if there is none."""
    size = _WINDOW
    while True:
        window = text[start : start + size]
        try:
            return _raw_decode(window)
        except json.JSONDecodeError as error:
            # An error at the edge of the window may be the window's; a larger one will tell.
            cut_here = error.pos >= len(window) - 16 or error.msg.startswith("Unterminated")
            if start + size >= len(text) or not cut_here:
                return 0
            size *= 8


def _raw_decode(text: str) -> int:
    try:
        return json.JSONDecoder().raw_decode(text)[1]
    except json.JSONDecodeError:
        raise
    except ValueError:
        return json.JSONDecoder(parse_int=_long_integer).raw_decode(text)[1]


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        raise
    except ValueError:  # an integer of more digits than Python reads
        return json.loads(text, parse_int=_long_integer)


def _long_integer(digits: str) -> float:
    return int(digits) if len(digits) < 4000 else math.copysign(math.inf, -1 if digits[0] == "-" else 1)


def _too_deep(text: str, start: int) -> bool:
    """Return whether the brackets from a place on nest too deep before they close or something impossible comes."""
    depth = 0
    place = start
    while place < len(text):
        character = text[place]
        if character == '"':
            place += 1
            while place < len(text) and text[place] != '"':
                place += 2 if text[place] == "\\" else 1
        elif character in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif character in "}]":
            depth -= 1
            if depth <= 0:
                return False
        elif character not in _BETWEEN:
            return False
        place += 1
    return False


def _claims(value: dict[str, Any]) -> bool:
    return "event_type" in value or "event" in value or "type" in value


def _begins_as_event(body: str) -> bool:
    """Whether a line that is no object was to be one: it says so within its first 256 bytes, before anything nested."""
    begin = body[1:256].partition("{")[0].partition("[")[0].replace(" ", "").replace("\t", "")
    if '"event":' in begin or '"event_type":' in begin:
        return True
    return any(f'"type":"{kind}' in begin for kind in _DATA)


def _can_be_stored(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


class _Fields:
    """The fields of one object: each that is asked for counts as used, the others are left."""

    def __init__(self, event: dict[str, Any], kind: str) -> None:
        self.event = event
        self.kind = kind
        self._used: set[str] = set()

    def use(self, *names: str) -> None:
        self._used.update(names)

    def value(self, field: str) -> Any:
        """Return a field under the first of its names that is not null."""
        for name in spellings(self.kind, field):
            if self.event.get(name) is not None:
                self._used.add(name)
                return self.event[name]
        return None

    def json(self, field: str) -> str | None:
        value = self.value(field)
        return None if value is None else _text(value)

    def time(self) -> float | None:
        seconds = unix_seconds(self.event.get("timestamp"))
        if seconds is not None:
            self._used.add("timestamp")
        return _stored(seconds)

    def count(self, field: str) -> int:
        value = self.event.get(field)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INDEX:
            self._used.add(field)
            return value
        return 0

    def left(self) -> str | None:
        rest = {name: value for name, value in self.event.items() if name not in self._used and value is not None}
        return _text(rest) if rest else None


def canonical(text: Any) -> Any:
    """Return JSON text so that equal values are equal text; what is no JSON, as it is."""
    if not isinstance(text, str):
        return text
    try:
        return json.dumps(_parse(text), sort_keys=True)
    except (ValueError, RecursionError):
        return text


def _step(fields: _Fields) -> tuple[Any, ...] | None:
    step_index, ep_index = fields.value("step_index"), fields.value("ep_index")
    reward, agent = fields.value("reward"), fields.value("agent_id")
    flags = [fields.value(name) for name in ("terminated", "truncated")]
    good = (
        _is_index(step_index)
        and _is_optional_index(ep_index)
        and _is_optional_number(reward)
        and all(map(_is_truth, flags))
        and _is_agent(agent)
    )
    if not good:
        return None
    values = fields.json("action"), fields.json("observation"), fields.time(), _is_nan(reward)
    return (
        int(step_index), _whole(ep_index), _name(agent), _stored(reward), *map(_whole, flags), *values, fields.left()
    )  # fmt: skip


def _episode(fields: _Fields) -> tuple[Any, ...] | None:
    """Return an episode; an index of ``None`` is for the caller to number."""
    ep_index, steps, reward = fields.value("ep_index"), fields.value("steps"), fields.value("total_reward")
    phase, agent = fields.value("phase"), fields.value("agent_id")
    flags = [fields.value(name) for name in ("terminated", "truncated", "success")]
    good = (
        _is_optional_index(ep_index)
        and _is_optional_index(steps)
        and _is_optional_number(reward)
        and not (ep_index is None and steps is None and reward is None)
        and all(map(_is_truth, flags))
        and _is_agent(agent)
        and phase in (None, "train", "eval")
    )
    if not good:
        return None
    first = int(phase == "eval"), _whole(ep_index), _name(agent), _stored(reward), _whole(steps)
    values = fields.json("agent_rewards"), fields.time(), _is_nan(reward)
    return (*first, *map(_whole, flags), *values, fields.left())


def _metric(fields: _Fields) -> tuple[Any, ...] | None:
    numbers, step = fields.value("values"), fields.value("step")
    if not isinstance(numbers, dict) or not 0 < len(numbers) <= MAX_METRIC_VALUES or not _is_optional_index(step):
        return None
    if not all(isinstance(number, bool) or _is_optional_number(number) for number in numbers.values()):
        return None
    if max(map(len, numbers)) > MAX_NAME_CHARACTERS:
        return None
    return _whole(step), {name: _stored(number) for name, number in numbers.items()}, fields.time(), fields.left()


def _is_index(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer() and 0 <= value < 2.0**63
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INDEX


def _is_optional_index(value: Any) -> bool:
    return value is None or _is_index(value)


def _is_optional_number(value: Any) -> bool:
    if value is None or isinstance(value, float):
        return True
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    try:
        float(value)
    except OverflowError:
        return False
    return True


def _is_truth(value: Any) -> bool:
    return value is None or (isinstance(value, (bool, int, float)) and value in (0, 1))


def _is_agent(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_NAME_CHARACTERS
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAX_INDEX)


def _name(value: Any) -> str:
    return "" if value is None else str(value)


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def _is_nan(value: Any) -> int | None:
    return 1 if isinstance(value, float) and math.isnan(value) else None


def _stored(value: Any) -> float | None:
    """Return a number as the database gives it back: NaN is NULL there, and zero has no sign."""
    if value is None or value != value:
        return None
    return float(value) + 0.0


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


_DATA = {"step": _step, "episode": _episode, "metric": _metric}
