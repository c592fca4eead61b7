"""What was split of a study's config, and of which study a run is, in words."""

from __future__ import annotations

import json
from typing import Any

#: Where a run config has the settings of its only worker.
SETTINGS = "metadata.worker.config"


def shown_split(split: dict[str, Any]) -> dict[str, Any]:
    """Return a split by the names that users gave: a worker's setting without the path to it."""
    return {key.removeprefix(f"{SETTINGS}."): value for key, value in split.items()}


def split_text(split: dict[str, Any]) -> str:
    """Return what was split, in one line: ``lr=0.001 seed=1``."""
    return " ".join(
        f"{key}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for key, value in split.items()
    )


def study_text(config: dict[str, Any]) -> str:
    """Return of which study a run is, in one line: ``rates #2: lr=0.001``; empty for a run of none.

    Args:
        config: The run config.
    """
    metadata = config.get("metadata")
    part = metadata.get("study") if isinstance(metadata, dict) else None
    if not isinstance(part, dict):
        return ""
    split = part.get("split")
    shown = split_text(split) if isinstance(split, dict) and split else "nothing is split"
    return f"{part.get('name')} #{part.get('index')}: {shown}"
