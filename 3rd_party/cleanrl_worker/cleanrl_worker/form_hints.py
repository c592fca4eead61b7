"""How a form shows the hyperparameters: which algorithms have each, and what null stands for."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import MISSING, fields
from typing import Any

from .arguments import ARGUMENTS, argument_names
from .presets import PRESETS

#: A script and a curriculum decide otherwise.
_ALONE: dict[str, list[Any]] = {"script": [None], "curriculum": [None]}


def hyperparameter_hints(name: str, applies: dict[str, list[Any]] | None = None) -> dict[str, Any]:
    """Return the metadata with which a hyperparameter's field says what holds for it.

    Args:
        name: The hyperparameter.
        applies: Further conditions, by field.
    """
    algorithms = [algo for algo in ARGUMENTS if name in argument_names(algo)]
    conditions = {**({} if len(algorithms) == len(ARGUMENTS) else {"algo": algorithms}), **(applies or {})}
    rules: list[dict[str, Any]] = [{"when": {"mode": ["resume", "evaluate"]}, "label": "as in the checkpoint"}]
    presets = [
        (env_id, preset.values[name], algo) for (algo, env_id), preset in PRESETS.items() if name in preset.values
    ]
    for env_id, value, algos in _grouped(presets):
        when = {"preset": ["auto"], "algo": algos, "env_id": [env_id], **_ALONE}
        rules.append({"when": when, "value": value, "label": "preset"})
    for _, value, algos in _grouped(("", _default(algo, name), algo) for algo in algorithms):
        rules.append({"when": {"algo": algos, **_ALONE}, "value": value})
    return {"default_by": rules, **({"applies": conditions} if conditions else {})}


def _default(algo: str, name: str) -> Any:
    found = next(f for f in fields(ARGUMENTS[algo]) if f.name == name)
    return found.default if found.default_factory is MISSING else found.default_factory()


def _grouped(entries: Iterable[tuple[str, Any, str]]) -> list[tuple[str, Any, list[str]]]:
    """Return entries of one environment and one value as one, with all their algorithms."""
    groups: dict[tuple[str, str], list[str]] = {}
    for env_id, value, algo in entries:
        groups.setdefault((env_id, json.dumps(value)), []).append(algo)
    return [(env_id, json.loads(value), algos) for (env_id, value), algos in groups.items()]


__all__ = ["hyperparameter_hints"]
