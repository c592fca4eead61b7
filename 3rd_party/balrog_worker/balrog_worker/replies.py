"""Finds the action in a model's reply. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_ACTION = re.compile(r"action\s*[:=]\s*(.+)", re.IGNORECASE)
_THINKING = re.compile(r"<think>.*?(?:</think>|$)", re.DOTALL)


def find_action(reply: str, actions: Sequence[str]) -> str | None:
    """Return the legal action that a reply names; ``None`` if it names none, or several.

    In this order: ``action`` of a JSON object, the last ``ACTION: …``, the whole reply, the only action that occurs
    in it.

    Args:
        reply: The text.
        actions: Legal actions.
    """
    text = _THINKING.sub("", reply).strip()
    by_key = {_key(action): action for action in actions}
    found = _from_json(text)
    if found is not None:
        return by_key.get(_key(found))
    marked = _ACTION.findall(text)
    if marked:
        whole = by_key.get(_key(marked[-1]))
        return whole if whole is not None else _only(marked[-1], by_key)
    return by_key.get(_key(text)) or _only(text, by_key)


def _from_json(text: str) -> str | None:
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end < start:
        return None
    try:
        value = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None
    action = value.get("action") if isinstance(value, dict) else None
    return action if isinstance(action, str) else None


def _only(text: str, by_key: dict[str, str]) -> str | None:
    """Return the only action in a text; of actions within others the longer ones count."""
    plain = _key(text)
    found: list[str] = []
    for key in sorted(by_key, key=len, reverse=True):
        pattern = rf"(?<!\w){re.escape(key)}(?!\w)"
        if key and re.search(pattern, plain):
            found.append(key)
            plain = re.sub(pattern, "", plain)
    return by_key[found[0]] if len(found) == 1 else None


def _key(text: str) -> str:
    return " ".join(text.lower().replace("_", " ").strip(" \t\n.'\"`*").split())
