"""Rewards as Python's floats, and the choice between an episode's summed and its reported return."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from gym_gui.core.worker.sink import say

#: By how much a reported return may differ from the sum of the rewards, relatively, and still be the same.
_ROUNDING = 1e-4
#: Relative rounding error of one addition in the types that environments keep returns in, by their size in bytes.
_PRECISION = {2: 2.0**-11, 4: 2.0**-24}
_warned = False


def as_float(reward: Any) -> float:
    """Return a reward of any numeric type as Python's float, in which it is then summed.

    In the reward's own type a sum goes wrong: float16 stops counting by ones at 2048. A reward that is no single number
    becomes NaN, with one message on stderr, because a wrapper must not stop the training.
    """
    if type(reward) is float:
        return reward
    try:
        item = getattr(reward, "item", None)  # numpy, torch and jax, scalars and arrays of one element alike
        return float(reward if item is None else item())
    except OverflowError:
        return math.inf if reward > 0 else -math.inf
    except Exception as error:  # noqa: BLE001 - whatever a foreign type raises, it is not a number
        _warn(reward, error)
        return math.nan


class Reported(NamedTuple):
    """What an environment itself says of an ended episode (``info["episode"]``)."""

    total: float
    #: Its steps; ``None`` where that is not said.
    steps: int | None
    #: Relative rounding error of one addition in the type of the return.
    precision: float


def reported(infos: Any, place: int | None = None) -> Reported | None:
    """Return what the environment reports of an ended episode, ``None`` where it reports nothing.

    Args:
        infos: What the step returned last.
        place: Which of a vector's environments; its entry counts where ``infos["_episode"]`` says so.
    """
    try:
        episode = infos["episode"]
        if place is not None and "_episode" in infos and not infos["_episode"][place]:
            return None
        total, steps = episode["r"], episode.get("l")
        if place is not None:
            total, steps = total[place], None if steps is None else steps[place]
        size = getattr(total, "itemsize", 8)
        value = float(total.item() if hasattr(total, "item") else total)
        return Reported(value, None if steps is None else int(steps), _PRECISION.get(size, 2.0**-53))
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError):
        return None


def choose_return(
    total: float, steps: int, report: Reported | None, *, unreported: bool = False
) -> tuple[float, dict[str, float]]:
    """Return an episode's return, and what its event says of the other figure.

    A reported return counts where wrappers in between changed the rewards. The sum of the rewards counts where the
    report is the same sum with larger rounding errors, where it covers fewer steps than were seen (Gymnasium before
    1.4 leaves out the first reward of an episode with ``SAME_STEP``), and where it covers several episodes (the lives
    of one game).

    Args:
        total: Sum of the rewards that were seen.
        steps: Steps that were seen.
        report: What the environment reports.
        unreported: Whether episodes before this one ended without a report.
    """
    if report is None or _same(report.total, total):
        return total, {}
    short = report.steps is not None and report.steps < steps
    several = unreported and (report.steps is None or report.steps > steps)
    rounding = steps * report.precision * max(abs(report.total), abs(total))
    if short or several or abs(report.total - total) <= rounding:
        return total, {"reported_return": report.total}
    return report.total, {"reward_sum": total}


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_ROUNDING, abs_tol=_ROUNDING) or (one != one and other != other)


def _warn(reward: Any, error: Exception) -> None:
    global _warned
    if not _warned:
        _warned = True
        say(
            f"a reward is not a number ({type(reward).__name__}: {error}); its episode returns NaN. Training continues."
        )


__all__ = ["Reported", "as_float", "choose_return", "reported"]
