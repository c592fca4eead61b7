"""The JSON documents that ``--json`` prints, as types: their JSON Schemas are made from these, and tests hold them.

Read by ``docs/generate.py`` and the tests; no command imports it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from gym_gui.app.json_output import NON_FINITE
from gym_gui.app.study_results import SavedResults
from gym_gui.fleet import FleetMachine, StudyResults, StudyState
from gym_gui.jobs import Job
from gym_gui.reading import (
    EpisodePage,
    FileListing,
    FrameSource,
    GroupComparison,
    GroupRow,
    ReplayEnd,
    RunDetails,
    Series,
    SeriesName,
)
from gym_gui.runs import RunSummary
from gym_gui.telemetry import EpisodeRollup, ReindexReport, StepRecord
from gym_gui.telemetry.verify import VerifyReport
from gym_gui.trainer import Explanation, Forecast


class ListedRun(RunSummary, kw_only=True):
    """A run as lists have it."""

    folder: str | None
    """Null: it lies on another machine."""
    logs: str
    """What became of its logs, where they were compressed or dropped."""


class ShownRun(ListedRun, kw_only=True):
    """A run with all that is known of it."""

    details: RunDetails


class RunList(msgspec.Struct, kw_only=True):
    """Runs."""

    runs: list[ListedRun]


class FoundRun(ListedRun, kw_only=True):
    """A run that a search found."""

    values: dict[str, list[Any]]
    """By column: its values, several where its workers differ."""


class FoundRuns(msgspec.Struct, kw_only=True):
    """What a search found: runs, or groups of runs."""

    runs: list[FoundRun]
    groups: list[GroupRow]
    total: int
    """Number of runs that match."""
    groups_total: int
    cursor: str
    """Not empty: there are more than were asked for."""


class ComparedGroups(msgspec.Struct, kw_only=True):
    """Groups of runs that were compared, the one with the highest return first."""

    centre: str
    """``mean``, ``median`` or ``iqm``."""
    spread: str
    """``std``, ``range`` or ``bootstrap``."""
    groups: list[GroupComparison]


class RunFrames(msgspec.Struct, kw_only=True):
    """What a run's workers show of their environments."""

    run_id: str
    workers: list[FrameSource]


class RunSeriesNames(msgspec.Struct, kw_only=True):
    """The series that a run has."""

    run_id: str
    names: list[SeriesName]


class RunSeries(msgspec.Struct, kw_only=True):
    """Values of series of a run."""

    run_id: str
    x: str
    """``step``, ``episode``, ``wall`` (Unix seconds) or ``relative`` (seconds since the run's start)."""
    series: list[Series]


class BulkRuns(RunList, kw_only=True):
    """Runs that a command worked on, as they stand afterwards."""

    dry_run: bool


class EndedRun(ListedRun, kw_only=True):
    """A run that was submitted, once it has ended."""

    checkpoints: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    """``resume`` and ``evaluate`` only: with what each worker begins."""


class EndedSubmission(msgspec.Struct, kw_only=True):
    """Runs that were submitted, once they have ended (or were left)."""

    run_id: str | None
    """The first run's; null if none was submitted."""
    runs: list[EndedRun]


class SubmittedRun(msgspec.Struct, kw_only=True):
    """A run that was submitted with ``--detach``."""

    run_id: str
    checkpoints: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    """``resume`` and ``evaluate`` only: with what each worker begins."""


class DetachedSubmission(msgspec.Struct, kw_only=True):
    """Runs that were submitted and left."""

    run_id: str | None
    runs: list[SubmittedRun]


class CheckedRun(msgspec.Struct, kw_only=True):
    """A run config that would be submitted."""

    valid: bool
    digest: str
    config: dict[str, Any]
    forecast: Forecast | None
    """Whether it would start now, and what it would wait for; null where no daemon runs that could tell."""


class CheckedRuns(msgspec.Struct, kw_only=True):
    """Run configs that would be submitted."""

    runs: list[CheckedRun]


class Verified(msgspec.Struct, kw_only=True):
    """What recounting the logs of runs found."""

    runs: list[VerifyReport]


class Reindexed(msgspec.Struct, kw_only=True):
    """Databases that were rebuilt."""

    runs: list[ReindexReport]


class StudyList(msgspec.Struct, kw_only=True):
    """Studies, without their assignments."""

    studies: list[StudyState]


class StudyOutcome(msgspec.Struct, kw_only=True):
    """What a study came to."""

    results: StudyResults
    saved: SavedResults | None
    """Null without ``--output``."""


class DeletedStudy(msgspec.Struct, kw_only=True):
    """A study that was removed."""

    study_id: str
    runs: int
    """Runs that were removed with it."""


class Deleted(msgspec.Struct, kw_only=True):
    """Runs that were, or would be, removed."""

    deleted: list[str]
    dry_run: bool


class ArchivedRun(msgspec.Struct, kw_only=True):
    """A run and its archive."""

    run_id: str
    bytes: int
    archive: str | None
    """Null in a dry run."""
    logs: str


class Archived(msgspec.Struct, kw_only=True):
    """Runs that were, or would be, archived."""

    archived: list[ArchivedRun]
    dry_run: bool


class RestoredRun(msgspec.Struct, kw_only=True):
    """An archive and its run."""

    run_id: str
    archive: str


class Restored(msgspec.Struct, kw_only=True):
    """Runs that were, or would be, restored."""

    restored: list[RestoredRun]
    dry_run: bool


class ShownStep(StepRecord, kw_only=True):
    """A step, its action and observation as values."""

    action: Any = None
    observation: Any = None


class ShownEpisode(msgspec.Struct, kw_only=True):
    """An episode and its steps."""

    episode: EpisodeRollup
    steps: list[ShownStep]


class WrittenVideo(msgspec.Struct, kw_only=True):
    """An episode that was written as a video."""

    output: str
    fps: float
    """Pictures per second."""
    replay: ReplayEnd


class ListedWorkers(msgspec.Struct, kw_only=True):
    """Workers, without their schemas."""

    workers: list[dict[str, Any]]
    installable: list[dict[str, str]]
    """Workers that come with MOSAIC and are not installed: name and description; `mosaic workers install NAME`."""


class ListedJobs(msgspec.Struct, kw_only=True):
    """Jobs of a daemon, the newest first."""

    jobs: list[Job]


class ListedMachines(msgspec.Struct, kw_only=True):
    """The enrolled machines, by id."""

    machines: list[FleetMachine]


class RemovedMachine(msgspec.Struct, kw_only=True):
    """A machine that was forgotten."""

    removed: str


class Fault(msgspec.Struct, kw_only=True):
    """Why a command failed, in four parts."""

    what: str
    where: str
    why: str
    next: str
    exit: int
    problems: list[dict[str, Any]] | msgspec.UnsetType = msgspec.UNSET
    """Of a config: each with path, message, value, allowed, nearest."""


class Failure(msgspec.Struct, kw_only=True):
    """A command that failed; its exit code is not 0."""

    error: Fault


#: Commands, and what each prints with ``--json``.
DOCUMENTS: dict[str, type] = {
    "train, run, resume, evaluate": EndedSubmission,
    "train --detach, …": DetachedSubmission,
    "train --dry-run, run --dry-run": CheckedRuns,
    "runs list": RunList,
    "runs list --query, --sort, --column, --group-by": FoundRuns,
    "runs compare": ComparedGroups,
    "runs watch": RunList,
    "runs show": ShownRun,
    "runs why": Explanation,
    "runs episodes": EpisodePage,
    "runs artifacts": FileListing,
    "runs render": RunFrames,
    "runs metrics RUN": RunSeriesNames,
    "runs metrics RUN NAME": RunSeries,
    "replay": ShownEpisode,
    "replay -o": WrittenVideo,
    "runs cancel, runs pause, runs unpause": BulkRuns,
    "runs tag, runs rename, runs note, runs star": BulkRuns,
    "runs verify": Verified,
    "runs reindex": Reindexed,
    "runs delete": Deleted,
    "runs archive": Archived,
    "study create, study show, study retry, study cancel": StudyState,
    "study list": StudyList,
    "study results": StudyOutcome,
    "study delete": DeletedStudy,
    "runs restore": Restored,
    "machines list": ListedMachines,
    "machines remove": RemovedMachine,
    "workers list": ListedWorkers,
    "workers jobs": ListedJobs,
    "workers jobs --watch, workers jobs --cancel": Job,
    "any command that fails": Failure,
}


def schemas() -> dict[str, Any]:
    """Return one JSON Schema (draft 2020-12): a definition per document and per type that they hold."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "What mosaic prints with --json",
        "$defs": definitions_of(DOCUMENTS.values()),
    }


def schema_of(document: type) -> dict[str, Any]:
    """Return the JSON Schema of one document."""
    return {**schemas(), "$ref": f"#/$defs/{document.__name__}"}


def definitions_of(kinds: Iterable[type], template: str = "#/$defs/{name}") -> dict[str, Any]:
    """Return the JSON Schemas of types and of all that they hold, by name, as `to_json` writes their values.

    Args:
        kinds: Structs.
        template: References between them, with ``{name}``.
    """
    distinct = list(dict.fromkeys(kinds))
    _, definitions = msgspec.json.schema_components(distinct, ref_template=template)
    short = {kind.__name__ for kind in _structs(distinct) if kind.__struct_config__.omit_defaults}
    return {name: _strict(schema, omits=name in short) for name, schema in definitions.items()}


def _structs(kinds: Iterable[type]) -> set[Any]:
    """Return the structs that types hold, themselves included."""
    found: set[Any] = set()
    waiting: list[Any] = list(msgspec.inspect.multi_type_info(list(kinds)))
    while waiting:
        part = waiting.pop()
        if isinstance(part, (list, tuple)):
            waiting += part
        elif isinstance(part, msgspec.inspect.StructType):
            if part.cls not in found:
                found.add(part.cls)
                waiting += part.fields
        elif isinstance(part, msgspec.Struct):
            waiting += [getattr(part, name) for name in part.__struct_fields__ if name not in ("default", "extra")]
    return found


def _strict(schema: Any, *, omits: bool = False) -> Any:
    """Say what is printed beyond the types: every field, no other, and null in place of a number that is not finite.

    Args:
        schema: A JSON Schema.
        omits: Fields that have their defaults are left out.
    """
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {
        key: {name: _strict(field) for name, field in item.items()} if key == "properties" else _strict(item)
        for key, item in schema.items()
        if key != "default"
    }
    if schema.get("type") == "number":
        changed["type"] = ["number", "null"]
    fields = schema.get("properties")
    if isinstance(fields, dict):
        always = set(schema.get("required", []))
        if not omits:
            always |= {name for name, field in fields.items() if "default" in field}
        changed["required"] = [name for name in fields if name in always]
        changed["additionalProperties"] = False
        changed["properties"][NON_FINITE] = {"type": "object", "additionalProperties": {"type": "string"}}
    return changed
