"""Options of ``train``, ``run``, ``resume`` and ``evaluate`` for resources, limits and variables."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from gym_gui.constants import WORKER_MAX_ATTEMPTS
from gym_gui.core.worker.errors import UsageError, nearest

_MIB = {"M": 1, "G": 1 << 10, "T": 1 << 20}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)([MGT])(?:i?B)?", re.IGNORECASE)
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+", re.IGNORECASE)
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])", re.IGNORECASE)
_VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse_size(text: str) -> int:
    """Return a memory size in MiB: ``512M``, ``8G``, ``1.5GiB``.

    Raises:
        ValueError: It is none; the message says how it is written.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a size: write a number with its unit, like 512M or 8G (MiB, GiB)")
    return max(1, round(float(found[1]) * _MIB[found[2].upper()]))


def parse_duration(text: str) -> float:
    """Return a time in seconds: ``90s``, ``45m``, ``2h30m``, ``1d``.

    Raises:
        ValueError: It is none; the message says how it is written.
    """
    plain = text.replace(" ", "").lower()
    parts = _PART.findall(plain)
    units = [unit for _, unit in parts]
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in parts)
    if _DURATION.fullmatch(plain) is None or len(set(units)) < len(units) or not 0 < seconds < float("inf"):
        raise ValueError(f"{text!r} is not a duration: write numbers with their units, like 90s, 45m or 2h30m")
    return seconds


def parse_variables(words: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return what ``--setenv`` asks for.

    Args:
        words: ``NAME=VALUE``, or ``NAME`` for the caller's own value.
        environ: The caller's environment.

    Raises:
        UsageError: A word names nothing, a variable that the caller does not have, or one that was set already.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name:
            raise _wrong(f"--setenv {word!r} does not name a variable", "write --setenv NAME=VALUE")
        if not _VARIABLE_NAME.fullmatch(name):
            raise _wrong(
                f"--setenv {name!r} is not a name that a shell can set",
                "write letters, digits and _, no digit first; other names can be set in `environment` of a run config",
            )
        if name in found:
            raise _wrong(f"--setenv sets {name} twice", "leave one of them out")
        if not equals and name not in environ:
            near = nearest(name, environ)
            hint = f"; did you mean {near}?" if near else ""
            raise _wrong(f"--setenv {name}: you have no such variable{hint}", f"write --setenv {name}=VALUE")
        found[name] = value if equals else environ[name]
    return found


def _wrong(what: str, next_step: str) -> UsageError:
    return UsageError(what, where="command line", next_step=next_step)


def _read_by(parse: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    def read(ctx: click.Context, param: click.Parameter, value: str | None) -> Any:
        try:
            return None if value is None else parse(value)
        except ValueError as error:
            raise click.BadParameter(f"{error}.", ctx, param) from None

    return read


_OPTIONS = (
    click.option(
        "--gpus", type=click.IntRange(0, 8), metavar="N",
        help="GPUs of each worker, which are waited for; 0: train on the CPU. Without it a worker that can use a GPU"
        " gets one that is free.",
    ),
    click.option("--cpus", type=click.IntRange(min=1), metavar="N", help="CPU cores of each worker."),
    click.option(
        "--memory", metavar="SIZE", callback=_read_by(parse_size), help="Memory of each worker, like 512M or 8G."
    ),
    click.option(
        "--wall-time", metavar="TIME", callback=_read_by(parse_duration),
        help="End a worker after this time, like 90s, 45m or 2h30m.",
    ),
    click.option(
        "--max-attempts", type=click.IntRange(1, WORKER_MAX_ATTEMPTS), metavar="N",
        help="Maximum number of attempts per worker, the first included.",
    ),
    click.option(
        "--setenv", "variables", metavar="NAME[=VALUE]", multiple=True,
        help="Set a variable for the workers; a bare NAME takes your own value. May be repeated.",
    ),
)  # fmt: skip


def override_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options; the command is called with ``overrides``, which changes a run config."""

    @functools.wraps(command)
    def with_overrides(
        *arguments: Any,
        gpus: int | None,
        cpus: int | None,
        memory: int | None,
        wall_time: float | None,
        max_attempts: int | None,
        variables: tuple[str, ...],
        **options: Any,
    ) -> Any:
        environment = parse_variables(variables, os.environ)
        resources = _given(cpus=cpus, memory_mb=memory)
        if gpus is not None:
            resources["gpus"] = {"requested": gpus, "mandatory": gpus > 0}
        limits = _given(wall_time_s=wall_time, max_attempts=max_attempts)
        parts = {"resources": resources, "limits": limits, "environment": environment}
        return command(*arguments, overrides=functools.partial(_override, parts), **options)

    for option in reversed(_OPTIONS):
        with_overrides = option(with_overrides)
    return with_overrides


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _override(parts: Mapping[str, Mapping[str, Any]], payload: dict[str, Any]) -> dict[str, Any]:
    """Return a run config with what the options say in place of what it says."""
    changed = dict(payload)
    for name, values in parts.items():
        given = payload.get(name) or {}
        if values and isinstance(given, dict):
            changed[name] = {**given, **values}
    return changed
