"""Parses any JSON object field by field, where the typed decoder does not accept it.

Every rule for valid telemetry is here; the typed decoder (`wire.py`) accepts a subset, and a test compares the two.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from gym_gui.telemetry.aliases import KIND_ALIASES, spellings
from gym_gui.telemetry.batch import Batch
from gym_gui.telemetry.errors import InvalidTelemetry
from gym_gui.telemetry.limits import (
    DATA_KINDS,
    LIFECYCLE_KINDS,
    MAX_INDEX,
    MAX_METRIC_VALUES,
    MAX_NAME_CHARACTERS,
)
from gym_gui.telemetry.timestamps import unix_seconds

Dump = Callable[[Any], str]
KIND_KEYS = ("event_type", "event", "type")
_STEP_INDEX, _STEP_EPISODE = spellings("step", "step_index"), spellings("step", "ep_index")
_EPISODE_INDEX, _EPISODE_STEPS = spellings("episode", "ep_index"), spellings("episode", "steps")
_TOTAL_REWARD = spellings("episode", "total_reward")


def is_telemetry(value: Mapping[str, Any]) -> bool:
    """Return whether an object has one of the keys that name an event's kind."""
    return any(key in value for key in KIND_KEYS)


def dump(value: Any) -> str:
    """Return a value as compact JSON; NaN and infinities as Python prints them."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def dump_finite(value: Any) -> str:
    """Return a value without NaN and infinities as compact JSON, several times faster."""
    try:
        return msgspec.json.encode(value).decode()
    except OverflowError:  # an integer of more than 64 bits
        return dump(value)


class FieldReader:
    """Converts decoded objects of one log to rows.

    Args:
        run_id: Of the run; another run's records are invalid.
        worker_id: The launched instance. All records belong to it; another printed id is kept in ``extra``.
        names: Ids of names (agents and metrics).
        any_event: Accept any event name (the supervisor's own log).
    """

    def __init__(self, run_id: str, worker_id: str, names: Mapping[str, int], *, any_event: bool = False) -> None:
        self._run_id = run_id
        self._worker_id = worker_id
        self._names = names
        self._any_event = any_event
        self._readers: dict[str, Callable[[dict[str, Any], int, Batch, Dump], None]] = {
            "step": self._step,
            "episode": self._episode,
            "metric": self._metric,
        }

    def read(self, record: dict[str, Any], row: int, batch: Batch, dump: Dump = dump) -> None:
        """Add a record's rows to a batch, and count it.

        Args:
            record: The decoded object; it is consumed.
            row: Its row id.
            batch: Where the rows go.
            dump: Encodes values without a column of their own as JSON.

        Raises:
            Invalid: The object is not valid telemetry; the batch is as it was.
        """
        kind = self._kind(record)
        run_id = record.pop("run_id", None)
        if run_id is not None and run_id != self._run_id:
            raise InvalidTelemetry("wrong_run", f"run_id is {_shown(run_id)}, this run is {self._run_id}")
        if record.get("worker_id", self._worker_id) in (self._worker_id, None):
            record.pop("worker_id", None)
        dropped, sampled = _delta(record, "dropped"), _delta(record, "sampled")
        self._readers.get(kind, self._event)(record, row, batch, dump)
        batch.counts.records += 1
        batch.counts.dropped += dropped
        batch.counts.sampled += sampled
        if sampled:
            batch.left_out.append((row, batch.episodes[-1][1] if kind == "episode" else None, sampled))

    def _kind(self, record: dict[str, Any]) -> str:
        for key in KIND_KEYS:
            if key in record:
                kind = record[key]
                break
        else:
            raise InvalidTelemetry("not_telemetry", "a JSON object without event_type, event or type")
        if not isinstance(kind, str):
            raise InvalidTelemetry("unknown_event", f"{key} is {_shown(kind)}, not text")
        kind = KIND_ALIASES.get(kind, kind)
        if kind not in DATA_KINDS and kind not in LIFECYCLE_KINDS and not (self._any_event and key == "event"):
            raise InvalidTelemetry("unknown_event", f"{key} is {_shown(kind)}")
        if kind in DATA_KINDS or key == "event":
            del record[key]
        else:
            record["event"] = record.pop(key)
        if kind not in DATA_KINDS:
            record["event"] = kind
        return kind

    def _step(self, record: dict[str, Any], row: int, batch: Batch, dump: Dump) -> None:
        step_index = _first_integer(record, _STEP_INDEX)
        if step_index is None:
            raise InvalidTelemetry("missing_field", "step_index is missing")
        ep_index = _first_integer(record, _STEP_EPISODE)
        agent = self._agent(record)
        reward, nan = _number(record, "reward")
        terminated, truncated = _truth(record, "terminated"), _truth(record, "truncated")
        action, observation = _json(record, "action", dump), _json(record, "observation", dump)
        timestamp = _timestamp(record)
        values = (row, step_index, ep_index, agent, reward, terminated, truncated, action, observation, timestamp, nan)
        batch.steps.append((*values, _extra(record, dump)))

    def _episode(self, record: dict[str, Any], row: int, batch: Batch, dump: Dump) -> None:
        ep_index = _first_integer(record, _EPISODE_INDEX)
        phase = record.pop("phase", None)
        if phase not in (None, "train", "eval"):
            raise InvalidTelemetry("bad_field", f"phase is {_shown(phase)}, neither train nor eval")
        total_reward, nan = _number(record, _first_name(record, _TOTAL_REWARD))
        steps = _first_integer(record, _EPISODE_STEPS)
        if ep_index is None and total_reward is None and nan is None and steps is None:
            raise InvalidTelemetry("missing_field", "ep_index is missing, total_reward and steps too")
        flags = (_truth(record, "terminated"), _truth(record, "truncated"), _truth(record, "success"))
        agent = self._agent(record)
        agent_rewards = _json(record, "agent_rewards", dump)
        timestamp = _timestamp(record)
        values = (row, int(phase == "eval"), ep_index, agent, total_reward, steps, *flags, agent_rewards, timestamp)
        batch.episodes.append((*values, nan, _extra(record, dump)))

    def _metric(self, record: dict[str, Any], row: int, batch: Batch, dump: Dump) -> None:
        values = record.pop("values", None)
        if not isinstance(values, dict) or not values:
            raise InvalidTelemetry("bad_field", f"values is {_shown(values)}, not an object of numbers")
        if len(values) > MAX_METRIC_VALUES:
            raise InvalidTelemetry(
                "too_many_values", f"values holds {len(values)} numbers; the limit is {MAX_METRIC_VALUES}"
            )
        for name in values:
            _check_name("a metric's name", name)
        step = _integer(record, "step")
        numbers = {name: _value(_shown(name), value) for name, value in values.items()}
        timestamp = _timestamp(record)
        batch.metrics += [(self._names[name], row, step, value, timestamp) for name, value in numbers.items()]
        extra = _extra(record, dump)
        if extra is not None:
            batch.metric_extras.append((row, extra))

    def _event(self, record: dict[str, Any], row: int, batch: Batch, dump: Dump) -> None:
        event = record.pop("event")
        timestamp = _timestamp(record)
        if self._any_event and timestamp is None and "at" in record:
            timestamp = unix_seconds(record["at"])
        payload = _json(record, "payload", dump)
        batch.events.append((row, event, timestamp, payload, _extra(record, dump)))

    def _agent(self, record: dict[str, Any]) -> int:
        agent = record.pop("agent_id", None)
        if isinstance(agent, int) and not isinstance(agent, bool) and abs(agent) <= MAX_INDEX:
            agent = str(agent)
        if agent is None or agent == "":
            return 0
        if not isinstance(agent, str):
            raise InvalidTelemetry("bad_field", f"agent_id is {_shown(agent)}, not text")
        _check_name("agent_id", agent)
        return self._names[agent]


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _check_name(what: str, name: str) -> None:
    if len(name) > MAX_NAME_CHARACTERS:
        raise InvalidTelemetry("too_long", f"{what} has {len(name)} characters; the limit is {MAX_NAME_CHARACTERS}")


def _integer(record: dict[str, Any], name: str) -> int | None:
    value = record.pop(name, None)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidTelemetry("bad_field", f"{name} is {_shown(value)}, not an integer")
    if value < 0:
        raise InvalidTelemetry("negative", f"{name} is {_shown(value)}: it counts from 0")
    if value > MAX_INDEX:
        raise InvalidTelemetry("too_large", f"{name} has more than 63 bits")
    return value


def _first_name(record: dict[str, Any], names: tuple[str, ...]) -> str:
    """Return a field's first name with a value; the others remain for ``extra``."""
    return next((name for name in names if record.get(name) is not None), names[0])


def _first_integer(record: dict[str, Any], names: tuple[str, ...]) -> int | None:
    return _integer(record, _first_name(record, names))


def _number(record: dict[str, Any], name: str) -> tuple[float | None, int | None]:
    """Return a number and whether it is NaN (1 or null)."""
    value = record.pop(name, None)
    if value is None:
        return None, None
    number = _float(name, value)
    return (number, None) if number == number else (None, 1)


def _value(name: str, value: Any) -> float | None:
    if value is None:
        return None
    return _float(name, float(value) if isinstance(value, bool) else value)


def _float(name: str, value: Any) -> float:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise InvalidTelemetry("bad_field", f"{name} is {_shown(value)}, not a number")
    try:
        return float(value)
    except OverflowError:
        raise InvalidTelemetry("too_large", f"{name} is too large for a number of 64 bits") from None


def _truth(record: dict[str, Any], name: str) -> int | None:
    value = record.pop(name, None)
    if value is None:
        return None
    if isinstance(value, (bool, int, float)) and value in (0, 1):
        return int(value)
    raise InvalidTelemetry("bad_field", f"{name} is {_shown(value)}, neither true nor false")


def _json(record: dict[str, Any], name: str, dump: Dump) -> str | None:
    value = record.pop(name, None)
    return None if value is None else dump(value)


def _timestamp(record: dict[str, Any]) -> float | None:
    """Pop a time from a record; one that cannot be parsed remains for ``extra``."""
    value = record.get("timestamp")
    timestamp = unix_seconds(value)
    if timestamp is not None or value is None:
        record.pop("timestamp", None)
    return timestamp


def _delta(record: dict[str, Any], name: str) -> int:
    """Pop a count of lost or sampled events; anything else remains for ``extra``."""
    value = record.get(name)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INDEX:
        del record[name]
        return value
    return 0


def _extra(record: dict[str, Any], dump: Dump) -> str | None:
    left = {key: value for key, value in record.items() if value is not None}
    return dump(left) if left else None
