"""Which episodes' steps are put out."""

from __future__ import annotations


def sampling_period(rule: str) -> int:
    """Return ``k`` of the rule "every k-th whole episode": 1 for ``all``, 0 for ``none``, ``k`` for ``episodes:k``.

    Raises:
        ValueError: The rule is none of these.
    """
    if rule in ("all", "none"):
        return int(rule == "all")
    name, _, period = rule.partition(":")
    if name != "episodes" or not period.isdecimal() or int(period) < 1:
        raise ValueError(f"steps: {rule!r} is neither 'all', 'none' nor 'episodes:<k>' with k from 1")
    return int(period)
