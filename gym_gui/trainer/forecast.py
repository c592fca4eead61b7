"""What would happen to a run if it were submitted now: as the scheduler decides, not as something like it would."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from gym_gui.trainer.waiting import Waiting
from gym_gui.trainer.why import ExplainedShortage, explain_waiting

#: Shortages whose holders are runs.
_HELD_BY_RUNS = ("slots", "cpus", "memory_mb", "gpus")
_SHOWN = 3


class Forecast(msgspec.Struct, kw_only=True):
    """Whether a run would start now, and what it would wait for."""

    starts: bool
    """It would start at once."""
    sentence: str
    """The same in words."""
    machine: str = ""
    """Where it would start; empty: on the daemon's own machine."""
    before: int = 0
    """How many queued runs would come before it."""
    waits_for: list[ExplainedShortage] = []


def forecast_of(waiting: Waiting | None, machine: str = "", *, several: bool = False) -> Forecast:
    """Return what would become of a run.

    Args:
        waiting: What it would wait for; ``None``: it would start now.
        machine: Where it would start.
        several: Whether there is more than one machine, so that its name says something.
    """
    if waiting is None:
        place = f" on {machine or 'this machine'}" if several else ""
        return Forecast(starts=True, sentence=f"starts now{place}", machine=machine)
    waits_for = explain_waiting(waiting)
    before = f"; {waiting.before:,} queued before it" if waiting.before else ""
    held = list(dict.fromkeys(run for each in waits_for for run in each.holders if each.resource in _HELD_BY_RUNS))
    more = f" and {len(held) - _SHOWN:,} more" if len(held) > _SHOWN else ""
    holders = f"; held by {', '.join(held[:_SHOWN])}{more}" if held else ""
    return Forecast(
        starts=False, sentence=f"{waiting.clauses}{holders}{before}", before=waiting.before, waits_for=waits_for
    )


def forecast_in_words(forecasts: Sequence[Forecast]) -> str:
    """Return what would become of runs that are submitted together, one sentence.

    Args:
        forecasts: One a run; at least one.
    """
    waiting = [each for each in forecasts if not each.starts]
    if not waiting or len(forecasts) == 1:
        return forecasts[0].sentence if len(forecasts) == 1 else f"all {len(forecasts)} start now"
    starting = len(forecasts) - len(waiting)
    count = f"{starting} of {len(forecasts)} start now, the next one " if starting else "the first one "
    return count + waiting[0].sentence
