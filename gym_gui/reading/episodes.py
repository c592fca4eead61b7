"""Episodes of a run as a table: filtered, sorted, by pages; and the steps of one of them."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from gym_gui.core.worker.errors import ConfigError, Problem, UsageError, nearest
from gym_gui.runs import RunFolder
from gym_gui.telemetry import EpisodeReader, EpisodeRollup, StepRecord

MAX_EPISODES = 1000
MAX_STEPS = 10_000
#: Fields to sort by, and their columns.
_COLUMNS = {
    "id": "id",
    "index": "ep_index",
    "return": "total_reward",
    "steps": "steps",
    "time": "timestamp",
}
PHASES = ("train", "eval")


@dataclass(frozen=True)
class EpisodeQuery:
    """Which episodes of a run, and in which order.

    Args:
        phase: ``train`` or ``eval``; empty: both.
        worker_id: Of this worker; empty: of all.
        agent_id: Of this agent; empty: of all.
        sort: ``index``, ``return``, ``steps`` or ``time``; ``id``: in the order in which they were printed; ``-``
            before it: from the highest down.
        offset: Episodes to skip.
        limit: Episodes of the page.
        id: The one with this row id; ``None``: any.
        index: Those with this number within their worker and phase; ``None``: any.
    """

    phase: str = ""
    worker_id: str = ""
    agent_id: str = ""
    sort: str = "id"
    offset: int = 0
    limit: int = 100
    id: int | None = None
    index: int | None = None


class EpisodePage(msgspec.Struct, kw_only=True):
    """Some episodes of a run."""

    episodes: list[EpisodeRollup]
    total: int
    """Number of episodes that match."""


def read_episodes(folder: RunFolder, query: EpisodeQuery) -> EpisodePage:
    """Return a page of a run's episodes.

    Raises:
        ConfigError: The query is not valid.
        UsageError: The run has no such worker.
        TelemetryError: The database cannot be read.
    """
    _check(query)
    reader = EpisodeReader(folder)
    number = None
    if query.worker_id:
        numbers = reader.worker_numbers()
        if query.worker_id not in numbers:
            raise UsageError(
                f"run {folder.run_id} has no worker {query.worker_id!r} that has printed anything",
                where=folder.run_id,
                why=f"it has {', '.join(numbers) or 'none'}",
                next_step=f"name one of them, or none: mosaic runs episodes {folder.run_id}",
            )
        number = numbers[query.worker_id]
    episodes, total = reader.page(
        _COLUMNS[query.sort.removeprefix("-")],
        descending=query.sort.startswith("-"),
        phase=query.phase or None,
        worker_no=number,
        agent_id=query.agent_id or None,
        row=query.id,
        index=query.index,
        offset=query.offset,
        limit=query.limit,
    )
    return EpisodePage(episodes=episodes, total=total)


def read_steps(folder: RunFolder, episode: int, *, after: int = -1, limit: int = 1000) -> list[StepRecord]:
    """Return steps of an episode, in the order in which they were printed.

    Args:
        folder: The run's folder.
        episode: The episode's row id.
        after: Only steps with a higher row id.
        limit: Maximum number of steps (and at most `MAX_STEPS`).

    Raises:
        UsageError: There is no such episode.
        TelemetryError: The database cannot be read.
    """
    found = EpisodeReader(folder).steps_of(episode, after=after, limit=min(limit, MAX_STEPS))
    if found is None:
        raise UsageError(
            f"run {folder.run_id} has no episode with the row id {episode}",
            where=folder.run_id,
            next_step=f"list its episodes: mosaic runs episodes {folder.run_id}",
        )
    return found


def _check(query: EpisodeQuery) -> None:
    problems = []
    for path, value, known in (("phase", query.phase, ("", *PHASES)), ("sort", query.sort.removeprefix("-"), _COLUMNS)):
        if value not in known:
            allowed = ", ".join(each for each in known if each)
            problems.append(Problem(path, "is unknown", value=value, allowed=allowed, nearest=nearest(value, known)))
    if not 0 < query.limit <= MAX_EPISODES:
        problems.append(Problem("limit", "is out of range", value=query.limit, allowed=f"1 to {MAX_EPISODES}"))
    problems += [
        Problem(name, "is out of range", value=value, allowed="0 or more")
        for name, value in (("id", query.id), ("index", query.index))
        if not 0 <= (value or 0) < 1 << 63
    ]
    if not 0 <= query.offset < 1 << 62:
        problems.append(Problem("offset", "is out of range", value=query.offset, allowed="0 or more"))
    if problems:
        raise ConfigError("the episodes cannot be selected", problems, next_step="correct these values")
