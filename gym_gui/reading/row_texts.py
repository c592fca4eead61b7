"""Values of lists of runs as text: of one run, and of several together."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from gym_gui.look import STATES, figures
from gym_gui.reading.fields import CONFIG, METRIC, Kind, find_field
from gym_gui.reading.pages import GroupRow, Spread, spread_of

#: Different values that a text names.
_FEW = 4
#: What a name ends with that tells seeds apart.
_SEED = re.compile(r" s\d+$")


def values_text(name: str, values: Sequence[Any], *, together: bool = False) -> str:
    """Return values of a field as text: the few different ones; of a metric of several runs mean and deviation.

    Args:
        name: The field, ``config.NAME`` or ``metric.NAME``.
        values: The values.
        together: They are of several runs.
    """
    if together and name.startswith(METRIC):
        return mean_text(spread_of(float(value) for value in values))
    field = find_field(name)
    kind = None if field is None else field.kind
    texts = list(dict.fromkeys(_value_text(value, kind) for value in values))
    more = f" and {len(texts) - _FEW} more" if len(texts) > _FEW else ""
    return ", ".join(texts[:_FEW]) + more if texts else figures.NOTHING


def mean_text(spread: Spread | None) -> str:
    """Return a mean with its standard deviation: ``412.5 ± 31.2``."""
    if spread is None:
        return figures.NOTHING
    return figures.decimal(spread.mean) + (f" ± {figures.decimal(spread.std)}" if spread.count > 1 else "")


def states_text(states: Mapping[str, int]) -> str:
    """Return how many runs are in which state: ``✓ 4 completed, ✕ 1 failed``."""
    return ", ".join(f"{look.glyph} {states[state]} {state}" for state, look in STATES.items() if state in states)


def is_seeds(group: GroupRow) -> bool:
    """Return whether the runs of a group differ only in their seed."""
    return set(group.key) == {"variant"}


def group_name(group: GroupRow) -> str:
    """Return what a group is called: the name of its runs without the seed, or what they have in common."""
    if is_seeds(group):
        return _SEED.sub("", group.newest.run_name)
    return ", ".join(f"{name.removeprefix(CONFIG)}: {values_text(name, values)}" for name, values in group.key.items())


def _value_text(value: Any, kind: Kind | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        return str(value)
    if kind in (Kind.TIME, Kind.DURATION):
        return figures.age(value) if kind is Kind.TIME else figures.duration(value)
    if math.isfinite(value) and value == int(value):
        return figures.decimal(value, 0)
    return f"{value:.4g}"
