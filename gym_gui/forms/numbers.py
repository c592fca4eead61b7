"""Numbers as users read and change them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from gym_gui.forms.spec import Field


def shown(value: Any) -> str:
    """Return a value in few characters: ``2.5e-4``, ``64, 64``, ``true``.

    Args:
        value: Plain JSON.
    """
    if value in ("", [], {}):
        return "empty"
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, list) and not any(isinstance(entry, (list, dict)) for entry in value):
        return ", ".join(map(shown, value))
    return json.dumps(value, ensure_ascii=False)


def stepped(field: Field, text: str, *, up: bool) -> str:
    """Return the number beside one that is entered, within the field's bounds; the text as it is where there is none.

    Args:
        field: A field for numbers.
        text: What is entered; empty: the default counts.
        up: The next number, not the one before.
    """
    try:
        start = Decimal(text or str(field.default))
    except ArithmeticError:
        return text
    if field.step is None or not start.is_finite():
        return text
    step = Decimal(str(field.step))
    low, high = (None if bound is None else Decimal(str(bound)) for bound in (field.minimum, field.maximum))
    found = start + step if up else start - step
    found = found if low is None else max(found, low)
    return f"{found if high is None else min(found, high):f}"


def _number(value: float) -> str:
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return str(int(value)) if value.is_integer() else repr(value)
    return f"{Decimal(repr(value)).normalize():e}".replace("e+", "e")
