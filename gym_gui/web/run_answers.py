"""What the HTTP interface answers about runs, as types: lists, groups, comparisons, episodes, curves."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

from gym_gui.reading import Series, SeriesName
from gym_gui.telemetry import EpisodeRollup, StepRecord

Number: TypeAlias = float | Literal["NaN", "Infinity", "-Infinity"] | None
"""A number that is not finite is text."""


class FoundRun(msgspec.Struct, kw_only=True):
    """A run as lists have it."""

    id: str
    sequence: int
    name: str
    state: str
    cause: str
    worker: str
    algo: str
    env: str
    seed: int | None
    tags: list[str]
    group: str
    starred: bool
    steps: int
    target: int | None
    speed: Number
    return_: Number = msgspec.field(name="return")
    best: Number
    diverged: bool
    """Some returns are not finite."""
    created: float
    """Unix time, seconds; likewise the others."""
    started: float | None
    ended: float | None
    measured: float | None
    parent: str | None


class ListedRun(FoundRun, kw_only=True):
    """A run that a search found."""

    values: dict[str, list[Any]]
    """By column that was asked for."""
    curve: list[list[float]]
    """Steps, means, lows, highs; empty without points."""


class GroupSpread(msgspec.Struct, kw_only=True):
    """Spread of a value over the runs of a group."""

    n: int
    mean: float
    std: float
    low: float
    high: float


class GroupBand(msgspec.Struct, kw_only=True):
    """Learning curves of a group together."""

    steps: list[float]
    mean: list[float]
    low: list[float]
    high: list[float]


class FoundGroup(msgspec.Struct, kw_only=True):
    """Runs with the same values of some fields."""

    key: dict[str, list[Any]]
    ids: list[str]
    states: dict[str, int]
    return_: GroupSpread | None = msgspec.field(name="return")
    best: GroupSpread | None
    steps: GroupSpread | None
    speed: GroupSpread | None
    newest: FoundRun
    band: GroupBand | None
    returns: list[Number]
    """Of each run, in the order of the ids; likewise the others."""
    bests: list[Number]
    far: list[str]
    """Ids of runs that are far off the others."""
    values: dict[str, list[Any]]
    """By column that was asked for: the different values; of a metric the last one of each run."""


class FoundRuns(msgspec.Struct, kw_only=True):
    """A page of a search: runs, or groups of them."""

    runs: list[ListedRun]
    groups: list[FoundGroup]
    total: int
    """Number of runs that match."""
    groups_total: int
    cursor: str
    """For the next page; empty: there is none."""


class Submitted(msgspec.Struct, kw_only=True):
    """A run that is queued now."""

    run_id: str


class Episodes(msgspec.Struct, kw_only=True):
    """A page of a run's episodes."""

    episodes: list[EpisodeRollup]
    total: int


class Steps(msgspec.Struct, kw_only=True):
    """Steps of an episode."""

    steps: list[StepRecord]


class SeriesNames(msgspec.Struct, kw_only=True):
    """What a run has to draw."""

    series: list[SeriesName]


class SeriesOfRuns(msgspec.Struct, kw_only=True):
    """Curves."""

    series: list[Series]


class ComparedRun(FoundRun, kw_only=True):
    """A run of a comparison."""

    episodes: int
    curve: list[list[float]]
    """Steps and mean returns; empty without points."""


class ComparedRuns(msgspec.Struct, kw_only=True):
    """Runs, and the settings in which they differ."""

    runs: list[ComparedRun]
    settings: dict[str, list[Any]]
    """By name: a value for each run."""
    missing: list[str]
    """Ids of runs that are gone."""
    total: int
    """Number of runs that match the query."""
