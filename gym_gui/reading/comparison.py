"""Comparison of one value of a run with that of a query's term, according to the field's kind."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import datetime, timedelta

from gym_gui.core.worker.errors import Problem, nearest
from gym_gui.reading.fields import STATES, Kind, RunField, Value

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
}
_MULTIPLES = {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9}
_UNITS = {"s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 7 * 86400.0}
_ALLOWED = {
    Kind.NUMBER: "a number like 400, 1e-3 or 50k, or a range like 100..200",
    Kind.TIME: "a day or time like 2026-11-28 or 2026-11-28T14:30, or an age like 2h or 7d: so long ago",
    Kind.DURATION: "a number with a unit (s, min, h, d, w), like 90s or 2h, or a range",
    Kind.FLAG: "yes or no",
}

#: By the length of a written time, how long the time lasts that it names.
_PRECISION = ((10, timedelta(days=1)), (16, timedelta(minutes=1)), (math.inf, timedelta(seconds=1)))


class TermError(ValueError):
    """A term that cannot be read.

    Args:
        message: What is wrong with it, one clause.
        value: The faulty text.
        allowed: What is allowed there, in words.
        near: The nearest known name.
    """

    def __init__(self, message: str, value: str, allowed: str = "", near: str | None = None) -> None:
        self.problem = Problem("query", message, value=value, allowed=allowed, nearest=near)


def comparison(field: RunField, operator: str, text: str, now: float) -> Callable[[Value], bool]:
    """Return the comparison of one value of a run with that of a term; of ``!=`` that with ``=``."""
    kind = field.kind
    if kind is Kind.SETTING:
        return _setting_comparison(operator, text)
    if kind is Kind.FLAG:
        if operator not in (":", "=", "!="):
            raise TermError(
                f"{field.name} is yes or no, and cannot be compared by {operator}", text, f"{field.name}:yes"
            )
        wanted = _flag(field, text)
        return lambda value: value is wanted
    if kind is not Kind.TEXT:
        read = {Kind.NUMBER: _number, Kind.TIME: _time, Kind.DURATION: _duration}[kind]
        low, high = (_range if operator == ":" else _bounds)(field, text, lambda part: read(part, now))
        if operator in _COMPARE:
            by_size, bound = _COMPARE[operator], high if operator in (">", "<=") else low
            return lambda value: isinstance(value, float) and by_size(value, bound)
        return lambda value: isinstance(value, float) and _within(value, low, high)
    if operator in _COMPARE:
        raise TermError(f"{field.name} is text, and cannot be compared by {operator}", text, f"{field.name}:VALUE")
    if field.name == "state" and "*" not in text and "?" not in text and text.lower() not in STATES:
        raise TermError(f"there is no state {text!r}", text, ", ".join(STATES), nearest(text, STATES))
    if operator != ":":
        return lambda value: value == text
    if field.name == "id":
        part = text.upper()
        return lambda value: isinstance(value, str) and (value.startswith(part) or value.endswith(part))
    return _like(text)


def _setting_comparison(operator: str, text: str) -> Callable[[Value], bool]:
    try:
        number: float | None = _number(text, 0.0)[0]
    except ValueError:
        number = None
    if operator in _COMPARE:
        if number is None:
            raise TermError(f"{text!r} is not a number", text, _ALLOWED[Kind.NUMBER])
        by_size, bound = _COMPARE[operator], number
        return lambda value: isinstance(value, float) and by_size(value, bound)
    low, high = (number, number) if number is not None else _range_or_none(text)
    flag = {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())
    like = _like(text) if operator == ":" else lambda value: value == text

    def test(value: Value) -> bool:
        if isinstance(value, bool):
            return value is flag
        if isinstance(value, float):
            return low is not None and high is not None and _within(value, low, high)
        return like(value)

    return test


def _range_or_none(text: str) -> tuple[float | None, float | None]:
    try:
        parts = text.split("..")
        return (_number(parts[0], 0.0)[0], _number(parts[1], 0.0)[0]) if len(parts) == 2 else (None, None)
    except ValueError:
        return None, None


def _like(text: str) -> Callable[[Value], bool]:
    """Return the comparison with ``*`` and ``?`` as wildcards: in as many steps as the texts are long, at most squared.

    One regular expression of it all could take years, and let no other thread run meanwhile.
    """
    first, *others = [
        re.compile("".join("." if char == "?" else re.escape(char) for char in part), re.DOTALL)
        for part in text.casefold().split("*")
    ]
    if not others:
        return lambda value: isinstance(value, str) and first.fullmatch(value.casefold()) is not None
    *middle, last = others
    last_length = len(text.casefold().rpartition("*")[2])

    def test(value: Value) -> bool:
        if not isinstance(value, str):
            return False
        value = value.casefold()
        begin = first.match(value)
        end = len(value) - last_length
        if begin is None or end < begin.end() or last.match(value, end) is None:
            return False
        position = begin.end()
        for part in middle:  # the leftmost place of each leaves most for the next
            found = part.search(value, position, end)
            if found is None:
                return False
            position = found.end()
        return True

    return test


def _within(value: float, low: float, high: float) -> bool:
    return low <= value <= high or (math.isnan(low) and math.isnan(value))


Read = Callable[[str], tuple[float, float]]


def _bounds(field: RunField, text: str, read: Read) -> tuple[float, float]:
    try:
        return read(text)
    except (ValueError, OverflowError):
        raise TermError(f"{text!r} is not a {_noun(field)}", text, _ALLOWED[field.kind]) from None


def _range(field: RunField, text: str, read: Read) -> tuple[float, float]:
    """Return the lowest and the highest number of a value or a range; an open end of a range is infinite."""
    parts = text.split("..")
    try:
        if len(parts) == 1:
            return read(text)
        if len(parts) > 2 or not any(parts):
            raise ValueError(text)
        ends = [read(part) if part else None for part in parts]
    except (ValueError, OverflowError):
        raise TermError(f"{text!r} is not a {_noun(field)}", text, _ALLOWED[field.kind]) from None
    low = -math.inf if ends[0] is None else min(ends[0])
    high = math.inf if ends[1] is None else max(ends[1])
    if field.kind is Kind.TIME and low > high:  # ages: 7d..2d and 2d..7d mean the same
        low, high = high, low
    return low, high


def _noun(field: RunField) -> str:
    return {Kind.TIME: "time", Kind.DURATION: "duration"}.get(field.kind, "number")


def allowed_values(field: RunField) -> str:
    return ", ".join(STATES) if field.name == "state" else _ALLOWED.get(field.kind, "text; * and ? are wildcards")


def _flag(field: RunField, text: str) -> bool:
    flag = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}.get(text.lower())
    if flag is None:
        raise TermError(f"{text!r} is neither yes nor no", text, f"{field.name}:yes, {field.name}:no")
    return flag


def _number(text: str, _: float) -> tuple[float, float]:
    number = re.fullmatch(r"([+-]?(?:\d[\d_]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)([kmg]?)%?", text.lower())
    if number is None:
        if text.lower().lstrip("+-") in ("inf", "nan", "infinity"):
            return float(text), float(text)
        raise ValueError(text)
    value = float(number[1].replace("_", "")) * _MULTIPLES[number[2]]
    return value, value


def _duration(text: str, _: float) -> tuple[float, float]:
    number = re.fullmatch(r"(\d+(?:\.\d+)?)(s|min|m|h|d|w)", text.lower())
    if number is None:
        raise ValueError(text)
    seconds = float(number[1]) * _UNITS[number[2]]
    return seconds, seconds


def _time(text: str, now: float) -> tuple[float, float]:
    """Return the first and the last moment of a day, a minute or a second of this place, or of an age."""
    try:
        age, _ = _duration(text, now)
    except ValueError:
        begin = datetime.fromisoformat(text)
        precision = next(unit for length, unit in _PRECISION if len(text) <= length)
        return begin.timestamp(), (begin + precision).timestamp() - 1e-6
    return now - age, now - age
