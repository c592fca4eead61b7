"""Splits one base config into the configs of a study's assignments. Pure functions over plain JSON."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec

from gym_gui.core.worker.errors import ConfigError, Problem, UsageError, nearest

#: Most assignments of one study.
MAX_ASSIGNMENTS = 1000
#: Before a key: it need not be in the base config.
ADD = "+"

_INDEX = re.compile(r"\[(\d+)\]")


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a base config, and what the assignments have there."""

    key: str
    """Dotted path into the config; with ``+`` before it, the config need not have it."""
    values: list[Any] | None = None
    """``None``: the list (or object) that the config has there is dealt out."""


class Part(NamedTuple):
    """What one assignment has in place of the base config's values."""

    split: dict[str, Any]
    """By key, without a ``+``."""
    config: dict[str, Any]
    """The base config with these values."""


def parse_split(text: str) -> Split:
    """Return what ``--split`` says: ``key=v1,v2`` or ``key`` alone.

    Each value is JSON where it can be read as such, else text; commas within brackets, braces and quotes separate
    nothing.

    Raises:
        UsageError: It names no key, or no value after ``=``.
    """
    key, equals, rest = text.partition("=")
    if not key.strip().removeprefix(ADD):
        raise _wrong(f"--split {text!r} names no key")
    if not equals:
        return Split(key=key.strip())
    words = _words(rest)
    if not all(words):
        raise _wrong(f"--split {text!r} has an empty value")
    return Split(key=key.strip(), values=[_value(word) for word in words])


def format_split(split: Split) -> str:
    """Return a split as ``--split`` takes it: the inverse of :func:`parse_split`."""
    if split.values is None:
        return split.key
    return f"{split.key}={','.join(json.dumps(value, ensure_ascii=False) for value in split.values)}"


def split_config(
    base: dict[str, Any], splits: Sequence[Split], *, paired: bool = False, num_splits: int | None = None
) -> list[Part]:
    """Return the parts of a base config, in order: the last key varies fastest.

    Args:
        base: Plain JSON; not changed.
        splits: The keys; those without values are dealt out.
        paired: Take the first values together, then the second ones, instead of every combination.
        num_splits: Number of parts that the dealt fields make together; required where there are any.

    Raises:
        ConfigError: With every problem: keys that the config does not have, lists of unequal lengths, too many parts.
    """
    valued = [split for split in splits if split.values is not None]
    dealt = [split for split in splits if split.values is None]
    problems = _problems(base, splits, valued, paired=paired)
    if dealt and num_splits is None:
        problems += [
            Problem(split.key, "has no values", allowed=f"{split.key}=V1,V2, or --num-splits N") for split in dealt
        ]
    if num_splits is not None and not dealt:
        problems.append(Problem("num_splits", "has nothing to deal", value=num_splits, allowed="--split KEY of a list"))
    if problems:
        raise _error(problems)
    choices = _paired(valued) if paired else _product(valued)
    if dealt:
        assert num_splits is not None
        hands = _deal(base, dealt, num_splits)
        choices = [{**choice, **hand} for choice in choices for hand in hands]
    if len(choices) > MAX_ASSIGNMENTS:
        raise _error([Problem("splits", f"make {len(choices):,} assignments", allowed=f"at most {MAX_ASSIGNMENTS:,}")])
    return [_part(base, choice) for choice in choices]


def replaced(config: Any, key: str, value: Any) -> Any:
    """Return a config with another value at a dotted path; the order of its keys is kept, a new key comes last.

    Args:
        config: Plain JSON; not changed.
        key: The path. Objects that are missing on its way are made.
        value: The value.
    """
    steps = _steps(config, key)
    return _put(config, steps, value)


def value_at(config: Any, key: str) -> Any:
    """Return the value at a dotted path.

    Raises:
        KeyError: There is none.
    """
    for step in _steps(config, key):
        in_list = isinstance(config, list) and isinstance(step, int) and step < len(config)
        if not in_list and not (isinstance(config, dict) and step in config):
            raise KeyError(key)
        config = config[step]
    return config


def deal(items: Sequence[Any], parts: int) -> list[list[Any]]:
    """Return items dealt round: the first to the first part, the second to the second, and so on.

    Args:
        items: The items.
        parts: 1 to the number of items.
    """
    return [list(items[start::parts]) for start in range(parts)]


def factors(sizes: Sequence[int], parts: int) -> tuple[int, ...] | None:
    """Return into how many parts each list is dealt so that there are so many in all, the largest as small as possible.

    Args:
        sizes: Lengths of the lists.
        parts: The product of the numbers.

    Returns:
        ``None`` where there is no such choice.
    """
    return min(
        _factors(sizes, parts),
        key=lambda numbers: math.prod(math.ceil(size / number) for size, number in zip(sizes, numbers, strict=True)),
        default=None,
    )


def _factors(sizes: Sequence[int], parts: int) -> Iterator[tuple[int, ...]]:
    if not sizes:
        if parts == 1:
            yield ()
        return
    for number in range(1, min(sizes[0], parts) + 1):
        if parts % number == 0:
            yield from ((number, *rest) for rest in _factors(sizes[1:], parts // number))


def _deal(base: dict[str, Any], dealt: Sequence[Split], parts: int) -> list[dict[str, Any]]:
    """Return what each part has in the dealt fields: every combination of their items is in exactly one part."""
    keys = [split.key.removeprefix(ADD) for split in dealt]
    fields = [value_at(base, key) for key in keys]
    sizes = [len(field) for field in fields]
    numbers = factors(sizes, parts) if 1 <= parts <= MAX_ASSIGNMENTS else None
    if numbers is None:
        have = " and ".join(f"{key} ({size})" for key, size in zip(keys, sizes, strict=True))
        possible = _possible(sizes)
        raise _error(
            [Problem("num_splits", f"{have} cannot be dealt out to {parts} parts", value=parts, allowed=possible)]
        )
    hands = [_hands(field, number) for field, number in zip(fields, numbers, strict=True)]
    return [dict(zip(keys, chosen, strict=True)) for chosen in itertools.product(*hands)]


def _hands(field: Any, parts: int) -> list[Any]:
    if isinstance(field, dict):
        return [{key: field[key] for key in keys} for keys in deal(list(field), parts)]
    return deal(field, parts)


def _possible(sizes: Sequence[int]) -> str:
    most = math.prod(sizes)
    numbers = [number for number in range(1, min(most, 200) + 1) if factors(sizes, number)]
    shown = ", ".join(map(str, numbers[:20]))
    return f"{shown}{', …' if len(numbers) > 20 else ''}"


def _problems(base: dict[str, Any], splits: Sequence[Split], valued: Sequence[Split], *, paired: bool) -> list[Problem]:
    found = []
    seen: set[str] = set()
    for split in splits:
        key = split.key.removeprefix(ADD)
        if key in seen:
            found.append(Problem(key, "is split twice", allowed="one --split for one key"))
        seen.add(key)
        found += _key_problems(base, split)
        values = split.values or []
        texts = [json.dumps(value, sort_keys=True) for value in values]
        again = next((value for number, value in enumerate(values) if texts[number] in texts[:number]), None)
        if len(set(texts)) < len(texts):
            found.append(
                Problem(key, f"has the value {json.dumps(again)} twice", value=again, allowed="each value once")
            )
        if split.values == []:
            found.append(Problem(key, "has no values", allowed="at least one value"))
    lengths = {len(split.values or ()) for split in valued}
    if paired and len(lengths) > 1:
        have = ", ".join(f"{split.key} has {len(split.values or ())}" for split in valued)
        found.append(Problem("zip", f"needs lists of one length: {have}", allowed="equally many values for each key"))
    return found


def _key_problems(base: dict[str, Any], split: Split) -> Iterator[Problem]:
    key = split.key.removeprefix(ADD)
    if not key or any(step == "" for step in key.split(".")):
        yield Problem(split.key, "is not a key", allowed="names with dots between them, such as optimizer.lr")
        return
    try:
        field = value_at(base, key)
    except KeyError:
        if not split.key.startswith(ADD) or split.values is None:
            yield Problem(
                key,
                "is not in the base config",
                nearest=nearest(key, _paths(base)),
                allowed="a key of the config" + (f"; {ADD}{key}=… adds it" if split.values is not None else ""),
            )
        elif not _can_be_made(base, key):
            yield Problem(key, "is within a value that is not an object", allowed="a key of an object")
        return
    if split.values is None and (not isinstance(field, (list, dict)) or not field):
        yield Problem(key, "is not a list with items", value=field, allowed="a list or an object that is not empty")


def _can_be_made(config: Any, key: str) -> bool:
    for step in _steps(config, key):
        if not isinstance(config, dict):
            return False
        if step not in config:
            return True
        config = config[step]
    return True


def _paths(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{prefix}{key}"
            yield from _paths(item, f"{prefix}{key}.")


def _product(splits: Sequence[Split]) -> list[dict[str, Any]]:
    keys = [split.key.removeprefix(ADD) for split in splits]
    lists = [split.values or [] for split in splits]
    if math.prod(map(len, lists)) > MAX_ASSIGNMENTS:
        count = math.prod(map(len, lists))
        raise _error([Problem("splits", f"make {count:,} assignments", allowed=f"at most {MAX_ASSIGNMENTS:,}")])
    return [dict(zip(keys, values, strict=True)) for values in itertools.product(*lists)]


def _paired(splits: Sequence[Split]) -> list[dict[str, Any]]:
    if not splits:
        return [{}]
    keys = [split.key.removeprefix(ADD) for split in splits]
    return [
        dict(zip(keys, values, strict=True)) for values in zip(*(split.values or [] for split in splits), strict=True)
    ]


def _part(base: dict[str, Any], choice: dict[str, Any]) -> Part:
    config: dict[str, Any] = base
    for key, value in choice.items():
        config = replaced(config, key, value)
    return Part(choice, config)


def _put(config: Any, steps: Sequence[str | int], value: Any) -> Any:
    if not steps:
        return value
    step, rest = steps[0], steps[1:]
    if isinstance(config, list):
        assert isinstance(step, int)
        return [_put(item, rest, value) if place == step else item for place, item in enumerate(config)]
    known = config if isinstance(config, dict) else {}
    return {**known, str(step): _put(known.get(str(step), {}), rest, value)}


def _steps(config: Any, key: str) -> list[str | int]:
    """Return a path's steps: a name with dots in it, where the config has one, is one step."""
    left = _INDEX.sub(r".\1", key).split(".")
    steps: list[str | int] = []
    while left:
        if isinstance(config, list) and left[0].isdecimal():
            place = int(left.pop(0))
            steps.append(place)
            config = config[place] if place < len(config) else None
            continue
        names = config if isinstance(config, dict) else {}
        many = next((count for count in range(len(left), 1, -1) if ".".join(left[:count]) in names), 1)
        name, left = ".".join(left[:many]), left[many:]
        steps.append(name)
        config = names.get(name)
    return steps


def _words(text: str) -> list[str]:
    """Return text cut at the commas that are within no brackets, braces and quotes."""
    words, start, depth, quoted, place = [], 0, 0, False, 0
    while place < len(text):
        letter = text[place]
        if quoted and letter == "\\":
            place += 1
        elif letter == '"':
            quoted = not quoted
        elif not quoted and letter in "[{":
            depth += 1
        elif not quoted and letter in "]}":
            depth -= 1
        elif not quoted and letter == "," and depth <= 0:
            words.append(text[start:place].strip())
            start = place + 1
        place += 1
    return [*words, text[start:].strip()]


def _value(word: str) -> Any:
    try:
        return json.loads(word, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return word


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _error(problems: list[Problem]) -> ConfigError:
    return ConfigError(
        "the config cannot be split like this", problems, next_step="Fix it and try again. Nothing was submitted."
    )


def _wrong(what: str) -> UsageError:
    return UsageError(what, where="command line", next_step="write --split KEY=VALUE,VALUE or --split KEY")
