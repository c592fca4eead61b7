"""What a replay of an episode tells: pictures, progress, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from gym_gui.core.worker.errors import ConfigError, Problem

SIMULATION, STORED = "simulation", "stored"
#: Pixels of a picture's longer side at most, where a limit is set.
MAX_SIDE = 4096


@dataclass(frozen=True)
class ReplayQuery:
    """Which pictures of an episode.

    Args:
        episode: The episode's row id.
        source: ``simulation``: play it again; ``stored``: the frames that the run recorded; empty: play it again, and
            where that is not possible, or something else comes of it, the stored ones.
        first: The first picture; 0: that of the reset, n: that after the n-th step.
        count: Number of pictures; 0: all.
        max_side: Pixels of a picture's longer side; larger ones are made smaller by leaving out pixels. 0: as they are.
    """

    episode: int
    source: str = ""
    first: int = 0
    count: int = 0
    max_side: int = 0

    def check(self) -> None:
        """Raise a :class:`ConfigError` with everything that is not valid."""
        problems = []
        if self.source not in ("", SIMULATION, STORED):
            problems.append(Problem("source", "is unknown", value=self.source, allowed=f"{SIMULATION} or {STORED}"))
        for name, most in (("first", 1 << 40), ("count", 1 << 40), ("max_side", MAX_SIDE)):
            value = getattr(self, name)
            if not 0 <= value <= most:
                problems.append(Problem(name, "is out of range", value=value, allowed=f"0 to {most:,}"))
        if problems:
            raise ConfigError("the replay is not valid", problems, next_step="correct these values")


class ReplayStart(msgspec.Struct, kw_only=True):
    """Pictures of a source follow; those of another source before it are void."""

    source: str
    """``simulation`` or ``stored``."""
    steps: int
    """Of the episode."""


class ReplayFrame(msgspec.Struct, kw_only=True):
    """One picture."""

    number: int
    """0: that of the reset; n: that after the n-th step."""
    media_type: str
    data: bytes


class ReplayProgress(msgspec.Struct, kw_only=True):
    """How far it is."""

    done: int
    """Steps that were played."""
    total: int
    """Steps to play; more than the episode has where it continues unseeded ones."""


class ReplayEnd(msgspec.Struct, kw_only=True):
    """How a replay ended."""

    outcome: str
    """``reproduced``: the environment did again all that was recorded; ``differs``: not so; ``stored``: the pictures
    are those that the run recorded; ``none``: it cannot be played again, and no pictures were recorded."""
    frames: int = 0
    """Number of pictures."""
    reason: str = ""
    """Why there are no pictures, or not all of them; why stored ones are shown."""
    next_step: str = ""
    """What to do about that."""
    step: int | None = None
    """The first step, from 1, of which something else came; 0: the reset."""
    what: str = ""
    """What differs there: ``reward``, ``terminated``, ``truncated``, ``observation``, ``agent`` or ``end``."""
    expected: str = ""
    """What was recorded, JSON."""
    got: str = ""
    """What came of it now, JSON."""
    agent: str = ""
    """Whose, where there are several."""
    compared: int = 0
    """Steps whose reward and end are as recorded."""
    observations: int = 0
    """Observations that are as recorded."""


class ReplayUpdate(msgspec.Struct, kw_only=True):
    """One message of a replay: one of these."""

    start: ReplayStart | None = None
    frame: ReplayFrame | None = None
    progress: ReplayProgress | None = None
    end: ReplayEnd | None = None
