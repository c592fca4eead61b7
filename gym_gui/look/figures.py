"""Numbers as people read them, each with its unit."""

from __future__ import annotations

import math
import time

NOTHING = "-"
#: From here on numbers have an exponent: 1e308 would have 309 digits.
_LONG = 1e15


def count(value: float | None) -> str:
    """Return a whole number with separators: ``50,000``."""
    return NOTHING if value is None else f"{value:,.0f}"


def short(value: float | None) -> str:
    """Return a number in at most five characters: ``950``, ``12.3k``, ``50k``, ``1.2M``."""
    if value is None or not math.isfinite(value):
        return NOTHING if value is None else str(value)
    if abs(value) >= _LONG:
        return f"{value:.3g}"
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size * 0.99995:
            scaled = value / size
            return f"{scaled:.0f}{letter}" if scaled >= 100 or scaled == int(scaled) else f"{scaled:.1f}{letter}"
    return f"{value:.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def decimal(value: float | None, digits: int = 1) -> str:
    """Return a measured value, such as a return; one below 1 with two significant digits: ``0.74``, ``0.031``."""
    if value is None or not math.isfinite(value):
        return NOTHING if value is None else str(value)
    if abs(value) >= _LONG:
        return f"{value:.3g}"
    return f"{value:.2g}" if 0 < abs(value) < 0.995 else f"{value:,.{digits}f}"


def duration(seconds: float | None) -> str:
    """Return a duration in at most two units: ``0.4 s``, ``12 s``, ``3 min 05 s``, ``2 h 14 min``, ``3 d 4 h``."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    seconds = max(seconds, 0.0)
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def clock(seconds: float | None) -> str:
    """Return a duration as a clock shows it, for narrow columns: ``0:09``, ``12:30``, ``2:14:05``."""
    if seconds is None or not math.isfinite(seconds):
        return NOTHING
    whole = max(round(seconds), 0)
    minutes = f"{whole // 60 % 60}:{whole % 60:02d}"
    return minutes if whole < 3600 else f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def size(byte_count: float | None) -> str:
    """Return a size in binary units: ``512 B``, ``1.5 MiB``."""
    if byte_count is None:
        return NOTHING
    for unit in ("B", "KiB", "MiB", "GiB"):
        if byte_count < 1024:
            return f"{byte_count:.0f} {unit}" if unit == "B" else f"{byte_count:.1f} {unit}"
        byte_count /= 1024
    return f"{byte_count:.1f} TiB"


def moment(unix_seconds: float | None) -> str:
    """Return a time of this place: ``2026-01-31 14:02:11``."""
    if unix_seconds is None:
        return NOTHING
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(unix_seconds))


def age(unix_seconds: float | None, now: float | None = None) -> str:
    """Return how long ago something was: ``12 s ago``."""
    if unix_seconds is None:
        return NOTHING
    return f"{duration((time.time() if now is None else now) - unix_seconds)} ago"
