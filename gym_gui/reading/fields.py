"""Fields of runs that a query can compare, a list can be sorted by, and a table can show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec

from gym_gui.core.worker.errors import nearest
from gym_gui.runs import RunState, RunSummary, WorkerSummary, return_of

#: Begin of the names of fields that are settings: ``config.learning_rate``.
CONFIG = "config."
#: Begin of the names of columns that are the last value of a metric: ``metric.loss``.
METRIC = "metric."

Value = str | float | bool
"""A value of a field; all numbers, times and durations are floats."""


class PlanFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a run's ``run.json`` says of it, for queries."""

    variant: str = ""
    """Digest of the experiment without its seed: equal for runs that differ only in their seed."""
    submitter: str = ""
    notes: str = ""
    study: tuple[str, ...] = ()
    """Name and id of the study that it is part of."""
    settings: dict[str, list[Any]] = {}
    """By dotted name: the distinct values over the run's workers, lists and empty objects as JSON text."""


NO_FACTS = PlanFacts()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One run as queries see it."""

    run: RunSummary
    facts: PlanFacts = NO_FACTS
    metrics: Mapping[str, float] = {}
    """Last values of the metrics that the search sorts by, of those that the run has."""


class Kind(str, Enum):
    """Kinds of fields; they decide how a value is written in a query."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"
    """Unix time, seconds."""
    DURATION = "duration"
    """Seconds."""
    FLAG = "flag"
    SETTING = "setting"
    """Number, text or flag, as the config has it."""


@dataclass(frozen=True)
class RunField:
    """A field of runs.

    Args:
        name: Its name in queries.
        kind: Kind of its values.
        about: What it is, one clause.
        values: Returns a run's values: several where its workers differ, none where there is none.
        facts: Whether it needs the run's ``run.json``.
        changing: Whether it changes with time alone.
    """

    name: str
    kind: Kind
    about: str
    values: Callable[[Entry, float], tuple[Value, ...]]
    facts: bool = False
    changing: bool = False


def find_field(name: str) -> RunField | None:
    """Return the field of this name, ``None`` if there is none.

    Args:
        name: A name, a synonym, or ``config.`` with a setting's dotted name.
    """
    if name.startswith(CONFIG) and len(name) > len(CONFIG):
        return _setting(name)
    return FIELDS.get(_SYNONYMS.get(name.lower(), name.lower()))


def nearest_field(name: str) -> str | None:
    """Return the name of a field that a mistyped one may mean."""
    found = nearest(name, [*FIELDS, *_SYNONYMS, CONFIG])
    return None if found is None else _SYNONYMS.get(found, found)


def metric_field(name: str) -> RunField:
    """Return the field of a metric's last value, ``metric.`` with its name; queries have no such fields."""
    key = name.removeprefix(METRIC)
    return RunField(name, Kind.NUMBER, f"the last value of {key}", lambda entry, _: _some(entry.metrics.get(key)))


def _setting(name: str) -> RunField:
    key = name.removeprefix(CONFIG)

    def values(entry: Entry, _: float) -> tuple[Value, ...]:
        return tuple(
            value if isinstance(value, (str, bool)) else float(value)
            for value in entry.facts.settings.get(key, ())
            if value is not None
        )

    return RunField(name, Kind.SETTING, f"the setting {key}", values, facts=True)


def _some(value: Value | None) -> tuple[Value, ...]:
    return () if value is None or value == "" else (value,)


def _each(choose: Callable[[WorkerSummary], str]) -> Callable[[Entry, float], tuple[Value, ...]]:
    def values(entry: Entry, _: float) -> tuple[Value, ...]:
        return tuple(dict.fromkeys(text for worker in entry.run.workers if (text := choose(worker))))

    return values


def _of_run(choose: Callable[[RunSummary], Value | None]) -> Callable[[Entry, float], tuple[Value, ...]]:
    return lambda entry, _: _some(choose(entry.run))


def _number(choose: Callable[[RunSummary], float | None]) -> Callable[[Entry, float], tuple[Value, ...]]:
    def values(entry: Entry, _: float) -> tuple[Value, ...]:
        value = choose(entry.run)
        return () if value is None else (float(value),)

    return values


def _duration(entry: Entry, now: float) -> tuple[Value, ...]:
    run = entry.run
    return () if run.started_at is None else (max((run.ended_at or now) - run.started_at, 0.0),)


def _age(entry: Entry, now: float) -> tuple[Value, ...]:
    return () if entry.run.created_at is None else (max(now - entry.run.created_at, 0.0),)


def _notes(entry: Entry, _: float) -> tuple[Value, ...]:
    return _some(entry.facts.notes if entry.run.notes is None else entry.run.notes)


def _progress(run: RunSummary) -> float | None:
    return 100.0 * run.steps / run.target_steps if run.target_steps else None


def _exit(run: RunSummary) -> float | None:
    if run.exit is None:
        return None
    return run.exit.code if run.exit.code is not None else run.exit.signal and -run.exit.signal


def _all(fields: Iterable[RunField]) -> Mapping[str, RunField]:
    return {field.name: field for field in fields}


#: By name, in the order of the documentation.
FIELDS: Mapping[str, RunField] = _all(
    [
        RunField("id", Kind.TEXT, "the run's id; its begin or end is enough", _of_run(lambda run: run.run_id)),
        RunField("name", Kind.TEXT, "its name", _of_run(lambda run: run.run_name)),
        RunField("state", Kind.TEXT, "its state", _of_run(lambda run: run.state.value)),
        RunField("worker", Kind.TEXT, "kind of its workers", _each(lambda worker: worker.worker_type)),
        RunField("algo", Kind.TEXT, "algorithm", _each(lambda worker: worker.algorithm)),
        RunField("env", Kind.TEXT, "environment", _each(lambda worker: worker.env_id)),
        RunField("seed", Kind.NUMBER, "seed", _number(lambda run: run.seed)),
        RunField("tag", Kind.TEXT, "its tags", lambda entry, _: tuple(entry.run.tags)),
        RunField("group", Kind.TEXT, "group of one submission", _of_run(lambda run: run.group)),
        RunField("starred", Kind.FLAG, "marked with a star", _of_run(lambda run: run.starred)),
        RunField("notes", Kind.TEXT, "its notes", _notes, facts=True),
        RunField("return", Kind.NUMBER, "mean of the last training episodes (at most 100 a worker), else of the"
                 " evaluation", _number(return_of)),
        RunField("best", Kind.NUMBER, "highest mean return of 20 consecutive training episodes or more",
                 _number(lambda run: run.best_return)),
        RunField("steps", Kind.NUMBER, "environment steps", _number(lambda run: run.steps)),
        RunField("episodes", Kind.NUMBER, "training episodes", _number(lambda run: run.episodes)),
        RunField("progress", Kind.NUMBER, "percent of the steps to take", _number(_progress)),
        RunField("speed", Kind.NUMBER, "environment steps per second", _number(lambda run: run.steps_per_second)),
        RunField("diverged", Kind.FLAG, "episodes have returns that are not finite",
                 _of_run(lambda run: bool(run.nan_episodes or run.eval_nan_episodes))),
        RunField("duration", Kind.DURATION, "time from start to end, or until now", _duration, changing=True),
        RunField("created", Kind.TIME, "time of submission", _number(lambda run: run.created_at)),
        RunField("started", Kind.TIME, "time of the start", _number(lambda run: run.started_at)),
        RunField("ended", Kind.TIME, "time of the end", _number(lambda run: run.ended_at)),
        RunField("age", Kind.DURATION, "time since the submission", _age, changing=True),
        RunField("cause", Kind.TEXT, "cause of its state", _of_run(lambda run: run.cause)),
        RunField("exit", Kind.NUMBER, "exit code, a signal as a negative number", _number(_exit)),
        RunField("attempts", Kind.NUMBER, "attempts", _number(lambda run: run.attempts)),
        RunField("executor", Kind.TEXT, "executor", _of_run(lambda run: run.executor)),
        RunField("submitter", Kind.TEXT, "user who submitted it", lambda entry, _: _some(entry.facts.submitter),
                 facts=True),
        RunField("parent", Kind.TEXT, "run that it continues, evaluates or repeats",
                 _of_run(lambda run: run.parent_run_id)),
        RunField("digest", Kind.TEXT, "digest of its experiment", _of_run(lambda run: run.digest)),
        RunField("study", Kind.TEXT, "study that it is part of: its name or id",
                 lambda entry, _: entry.facts.study, facts=True),
        RunField("variant", Kind.TEXT, "digest of its experiment without the seed",
                 lambda entry, _: (entry.facts.variant or entry.run.run_id,), facts=True),
    ]
)  # fmt: skip
_SYNONYMS = {
    "algorithm": "algo",
    "environment": "env",
    "tags": "tag",
    "star": "starred",
    "run": "name",
    "took": "duration",
    "submitted": "created",
    "note": "notes",
    "mean_return": "return",
}
STATES = tuple(state.value for state in RunState)
