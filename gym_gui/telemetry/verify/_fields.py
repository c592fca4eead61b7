"""Fields and rows of telemetry objects, by the documented rules."""

from __future__ import annotations

import json
import math
from typing import Any

from gym_gui.telemetry.aliases import spellings
from gym_gui.telemetry.limits import MAX_INDEX, MAX_METRIC_VALUES, MAX_NAME_CHARACTERS
from gym_gui.telemetry.timestamps import unix_seconds


class Fields:
    """The fields of one object; keeps track of those that were not read."""

    def __init__(self, event: dict[str, Any], kind: str) -> None:
        self.event = event
        self.kind = kind
        self._used: set[str] = set()

    def use(self, *names: str) -> None:
        """Mark fields as read."""
        self._used.update(names)

    def value(self, field: str) -> Any:
        """Return a field under its first name with a value."""
        for name in spellings(self.kind, field):
            if self.event.get(name) is not None:
                self._used.add(name)
                return self.event[name]
        return None

    def json(self, field: str) -> str | None:
        """Return a field as JSON."""
        value = self.value(field)
        return None if value is None else _text(value)

    def time(self) -> float | None:
        """Return the timestamp as Unix seconds, ``None`` if it is none."""
        seconds = unix_seconds(self.event.get("timestamp"))
        if seconds is not None:
            self._used.add("timestamp")
        return _stored(seconds)

    def count(self, field: str) -> int:
        """Return a count, 0 if it is none."""
        value = self.event.get(field)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_INDEX:
            self._used.add(field)
            return value
        return 0

    def left(self) -> str | None:
        """Return the unread fields as JSON, ``None`` without any."""
        rest = {name: value for name, value in self.event.items() if name not in self._used and value is not None}
        return _text(rest) if rest else None


def _step(fields: Fields) -> tuple[Any, ...] | None:
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


def _episode(fields: Fields) -> tuple[Any, ...] | None:
    """Return an episode; the caller numbers one without an index."""
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


def _metric(fields: Fields) -> tuple[Any, ...] | None:
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
    """Return a number as the database returns it: NaN as NULL, zero unsigned."""
    if value is None or value != value:
        return None
    return float(value) + 0.0


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


DATA_ROWS = {"step": _step, "episode": _episode, "metric": _metric}
