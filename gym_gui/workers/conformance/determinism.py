"""Whether the same seed gives the same training."""

from __future__ import annotations

import hashlib
import json

from gym_gui.telemetry import aliased_value
from gym_gui.workers.conformance._transcript import Event, Transcript, kind_of
from gym_gui.workers.conformance.cached_check import NotApplicable
from gym_gui.workers.conformance.rule import RuleBook
from gym_gui.workers.conformance.subject import Subject

BOOK = RuleBook("determinism")
#: What tells one run from another, and says nothing of what was trained.
_APART = ("run_id", "worker_id", "timestamp")


def events_by_episode(transcript: Transcript) -> dict[str, list[Event]]:
    """Return the events of each episode, its steps and its own, without what tells runs apart."""
    found: dict[str, list[Event]] = {}
    for event in transcript.events:
        kind = kind_of(event)
        if kind in ("step", "episode"):
            key = f"{event.get('phase') or 'train'} {aliased_value(event, kind, 'ep_index')}"
            found.setdefault(key, []).append({name: value for name, value in event.items() if name not in _APART})
    return found


def hashes_by_episode(transcript: Transcript) -> dict[str, str]:
    """Return a hash of each episode: its own event, and those of its steps that were printed."""
    return {
        key: hashlib.sha256("".join(json.dumps(event, sort_keys=True) for event in events).encode()).hexdigest()
        for key, events in events_by_episode(transcript).items()
    }


@BOOK.error(
    "determinism-exact",
    'A worker with `determinism: "exact"` trains the same episodes with the same seed.',
    why="Replays, comparisons and bug reports rely on that promise.",
    mend="Seed the library, the environment at each reset, the action space, NumPy and Python from `seed`; leave "
    'nothing to the clock. Or promise less: `determinism="seeded"`.',
    slow=True,
)
def determinism_exact(subject: Subject) -> str | None:
    if subject.record.capabilities.get("determinism") != "exact":
        raise NotApplicable("it does not promise it")
    first = list(hashes_by_episode(subject.trained).items())
    if not first:
        raise NotApplicable("it printed no steps and no episodes")
    second = list(hashes_by_episode(subject.again).items())
    if first == second:
        return None
    differing = next((key for (key, one), other in zip(first, second, strict=False) if (key, one) != other), "")
    where = differing or f"{len(first)} and {len(second)} episodes"
    return f"two runs with one seed differ, first in: {where}"
