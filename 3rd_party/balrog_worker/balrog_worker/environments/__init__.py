"""Environments by name: ``family/name``."""

from __future__ import annotations

import contextlib
import difflib
import importlib
from typing import Any

from balrog_worker.sdk import Problem, nearest

from .base import Seen, TextEnvironment

#: Family -> module and class.
FAMILIES = {
    "babyai": ("babyai", "BabyAI"),
    "textworld": ("text_world", "TextWorld"),
    "minihack": ("mini_hack", "MiniHack"),
    "crafter": ("crafter_world", "Crafter"),
}


def make_environment(
    env_id: str, env_kwargs: dict[str, Any], *, images: bool = False
) -> tuple[TextEnvironment | None, list[Problem]]:
    """Make an environment, or return why it cannot be made.

    Args:
        env_id: ``family/name``.
        env_kwargs: Its keyword arguments.
        images: Pictures are wanted, too.

    Returns:
        The environment, ``None`` with problems.
    """
    family, _, name = env_id.partition("/")
    if family not in FAMILIES or not name:
        near = _nearest(family, name)
        allowed = ", ".join(f"{known}/NAME" for known in FAMILIES)
        message = "is not an environment of a known family"
        if near is None:
            message += " (missing capability: environments of other libraries)"
        return None, [Problem("env_id", message, value=env_id, allowed=allowed, nearest=near)]
    module, kind = FAMILIES[family]
    try:
        loaded = importlib.import_module(f"{__name__}.{module}")
        names = loaded.names()
    except ImportError as error:
        return None, [Problem("env_id", f"the library of {family} cannot be imported: {error}", value=env_id)]
    if name not in names:
        near = nearest(name, names)
        shown = ", ".join(names[:20]) + (", …" if len(names) > 20 else "")
        message = f"{family} has no environment {name!r}"
        return None, [Problem("env_id", message, value=env_id, allowed=shown, nearest=near and f"{family}/{near}")]
    try:
        environment: TextEnvironment = getattr(loaded, kind)(name, env_kwargs, images=images)
    except Exception as error:  # noqa: BLE001 - the constructor of an environment may raise anything
        path = "env_kwargs" if env_kwargs and isinstance(error, TypeError) else "env_id"
        message = f"the environment cannot be made: {' '.join(str(error).split())[:300]}"
        return None, [Problem(path, message, value=env_kwargs if path == "env_kwargs" else env_id)]
    return environment, []


def _nearest(family: str, name: str) -> str | None:
    """Return which name was meant by one of an unknown family, or by one without a family."""
    known = nearest(family.lower(), FAMILIES)
    if known and name:
        return f"{known}/{name}"
    bare: dict[str, str] = {}
    for each, (module, _) in FAMILIES.items():
        with contextlib.suppress(ImportError):
            names = importlib.import_module(f"{__name__}.{module}").names()
            bare.update({found.lower(): f"{each}/{found}" for found in names})
    # Those of MiniGrid are like those of MiniHack, and others all the same: up to 0.87.
    matches = difflib.get_close_matches((name or family).lower(), bare, n=1, cutoff=0.9)
    return bare[matches[0]] if matches else known


__all__ = ["FAMILIES", "Seen", "TextEnvironment", "make_environment"]
