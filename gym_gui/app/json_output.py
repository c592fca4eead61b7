"""Strict JSON for user interfaces; says which numbers were NaN or infinite."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.runs import RunSummary

NON_FINITE = "non_finite"
"""Key under which an object says which of its numbers are NaN or infinite: JSON has none of these, so they are null."""


def jsonable(value: Any) -> Any:
    """Return a value that strict JSON can hold.

    A number that is not finite becomes null, and the object that it stands in says under ``non_finite`` which it was:
    ``{"mean_return_100": null, "non_finite": {"mean_return_100": "NaN"}}``. Within lists the place is told, too:
    ``"observation[2]"``.
    """
    return _jsonable(value, "", {})


def _jsonable(value: Any, path: str, found: dict[str, str]) -> Any:
    """Convert a value; numbers that are not finite are entered into ``found`` by their path in the nearest object."""
    if isinstance(value, float) and not math.isfinite(value):
        found[path] = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return None
    if isinstance(value, dict):
        own: dict[str, str] = {}
        converted = {str(key): _jsonable(item, str(key), own) for key, item in value.items()}
        return {**converted, NON_FINITE: own} if own else converted
    if isinstance(value, (list, tuple)):
        return [_jsonable(item, f"{path}[{place}]", found) for place, item in enumerate(value)]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    if hasattr(value, "__struct_fields__"):
        import msgspec

        return _jsonable(msgspec.to_builtins(value), path, found)
    return str(value)


def to_json(value: Any, indent: int | None = None) -> str:
    """Return strict JSON in ASCII: any terminal's encoding can carry it, and nothing in it acts on the terminal."""
    return json.dumps(jsonable(value), indent=indent, allow_nan=False).replace("\x7f", "\\u007f")


def summary_json(run: RunSummary, home: Path | None) -> dict[str, Any]:
    """Return what ``runs show --json`` holds of a run.

    Args:
        run: The run.
        home: The home that it is kept in; ``None``: one on another machine.
    """
    from gym_gui.retention import describe_logs
    from gym_gui.runs import RunFolder, to_json_dict

    if home is None:
        return {**to_json_dict(run), "folder": None, "logs": ""}
    folder = RunFolder.of(home, run.run_id)
    return {**to_json_dict(run), "folder": str(folder.path), "logs": describe_logs(folder)}
