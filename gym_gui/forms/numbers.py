"""How a default is written for a user."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any


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


def _number(value: float) -> str:
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        return str(int(value)) if value.is_integer() else repr(value)
    return f"{Decimal(repr(value)).normalize():e}".replace("e+", "e")
