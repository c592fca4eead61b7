"""Sentences about parts of a run: a replay, where it comes from, what is left of it."""

from __future__ import annotations

import time
from collections.abc import Sequence

from gym_gui.look import figures
from gym_gui.reading import FrameSource, ReplayEnd, RunDetails
from gym_gui.runs import RunState, RunSummary
from gym_gui.supervision import is_usual

#: Seconds after which a picture is old.
_OLD_S = 5.0
WAITING_FOR_PICTURES = "waiting for the first picture …"
#: By state of what a worker shows.
_FRAMES = {
    "off": "switched off",
    "waiting": WAITING_FOR_PICTURES,
    "gone": "the worker has ended",
    "none": "start a run with render on to see its environment",
}


def replay_text(end: ReplayEnd) -> str:
    """Return how a replay ended."""
    if end.outcome == "reproduced":
        return f"played again: all {end.compared:,} steps are as recorded"
    if end.outcome == "differs":
        where = f"step {end.step}" if end.step else "the reset"
        text = f"played again, it differs from {where} on: {end.what} is {end.got}, recorded was {end.expected}"
    else:
        text = "pictures as the run recorded them" if end.outcome == "stored" else "there are no pictures"
    return ". ".join(part for part in (text, end.reason, end.next_step) if part)


def provenance_text(details: RunDetails) -> str:
    """Return where a run comes from, in lines."""
    git = details.git
    commit = f"{git.commit} ({git.branch}){' with changes' if git.dirty else ''}" if git is not None else "-"
    lines = [
        f"submitted by  {details.submitter} on {details.host}",
        f"machine       {details.machine or details.host}",
        f"command       {' '.join(details.command) or '-'}",
        f"commit        {commit}",
        *(f"{name:<13} {version}" for name, version in details.versions.items()),
        *(f"checkpoint    {saved.path}" for saved in details.checkpoints),
    ]
    return "\n".join(lines)


def says_more(run: RunSummary) -> bool:
    """Return whether the cause of a run's state says more than the state: why it waits, or ended as it was not to."""
    if run.state in (RunState.STARTING, RunState.RUNNING):
        return bool(run.cause) and not is_usual(run.cause)
    return bool(run.cause) and run.state is not RunState.COMPLETED


def remaining_text(run: RunSummary) -> str:
    """Return the long operation that a run announces, or about how long it goes on; empty: nothing is known."""
    if run.state.terminal:
        return ""
    phase = next((worker.phase for worker in run.workers if worker.phase), "")
    if phase or not run.target_steps or not run.steps_per_second:
        return phase
    return f"about {figures.duration((run.target_steps - run.steps) / run.steps_per_second)} left"


def can_be_watched(source: FrameSource | None) -> bool:
    """Return whether a worker shows pictures, or would."""
    return source is not None and source.state in ("live", "waiting", "off")


def frames_text(source: FrameSource | None, times: Sequence[float], taken: float) -> str:
    """Return what is said of a worker's live pictures.

    Args:
        source: What the worker shows; ``None``: nothing is known of it.
        times: When the last pictures came in, seconds of any clock.
        taken: When the last one was taken, Unix time.
    """
    if source is None:
        return ""
    if source.state == "live" and len(times) > 1:
        age = time.time() - taken
        rate = (len(times) - 1) / max(times[-1] - times[0], 1e-9)
        return f"{figures.duration(age)} old" if age > _OLD_S else f"{rate:.0f} pictures per second"
    return "; ".join(part for part in (source.why, _FRAMES.get(source.state, "")) if part)
