"""What the HTTP interface answers, as types: the OpenAPI document is made from these. No call imports them."""

from __future__ import annotations

from typing import Any

import msgspec

from gym_gui.fleet import FleetMachine, StudyResults, StudySpec, StudyState
from gym_gui.forms import CommandLine, FieldProblem, FormSpec
from gym_gui.jobs import Job, JobEvent
from gym_gui.reading import Archives, Failure, FileListing, FrameSource, LogPage, RunDetails
from gym_gui.runs import RunSummary
from gym_gui.telemetry import EpisodeRollup
from gym_gui.trainer import DaemonStatus, Explanation, Forecast, InstalledEnvironment, MachineReport
from gym_gui.web.run_answers import ComparedRuns, Episodes, FoundRuns, SeriesNames, SeriesOfRuns, Steps, Submitted


class StudyList(msgspec.Struct, kw_only=True):
    """Studies without their assignments, the newest first."""

    studies: list[StudyState]


class SavedViewList(msgspec.Struct, kw_only=True):
    """Named views."""

    views: dict[str, str]
    """By name: an address of the dashboard."""


class SavedView(msgspec.Struct, kw_only=True):
    """A named view."""

    address: str


class ConfigProblem(msgspec.Struct, kw_only=True):
    """A fault of a value that was sent."""

    path: str
    message: str
    value: Any
    allowed: str
    nearest: str | None


class CheckedConfig(msgspec.Struct, kw_only=True):
    """Every problem of a run config; none: it can be submitted."""

    problems: list[ConfigProblem]


class InstalledWorker(msgspec.Struct, kw_only=True):
    """A worker."""

    name: str
    title: str
    about: str
    version: str
    environment: str
    broken: str | None
    """Why it cannot be used."""
    fix: str | None
    """The command that fixes it."""
    capabilities: dict[str, Any]


class ListedWorker(InstalledWorker, kw_only=True):
    """A worker of the list."""

    install: InstalledEnvironment | None
    """The environment of its own; null: it has none."""


class WorkerWithSchema(InstalledWorker, kw_only=True):
    """A worker with the JSON Schema of its config."""

    schema: dict[str, Any] | None


class InstallableWorker(msgspec.Struct, kw_only=True):
    """A worker that comes with MOSAIC and is not installed."""

    name: str
    about: str
    size_bytes: int | None
    install: str
    """The command that installs it."""


class Workers(msgspec.Struct, kw_only=True):
    """Workers."""

    workers: list[ListedWorker]
    installable: list[InstallableWorker]


class FormValues(msgspec.Struct, kw_only=True):
    """What to enter into a form, by field."""

    values: dict[str, Any]


class CheckedForm(msgspec.Struct, kw_only=True):
    """What a filled form makes."""

    problems: list[FieldProblem]
    configs: list[dict[str, Any]]
    """Run configs, one a seed."""
    command: CommandLine
    defaults: dict[str, str]
    """By field that applies: what it stands for untouched."""


class SavedPresets(msgspec.Struct, kw_only=True):
    """By name: what a form held."""

    presets: dict[str, dict[str, Any]]


class SavedPreset(msgspec.Struct, kw_only=True):
    """What became of a preset."""

    hidden: list[str]
    """Fields that were not written, since they hold secrets."""


class ShownSource(FrameSource, frozen=True, kw_only=True):
    """What a worker shows of its environment."""

    age: float | None
    """Of the newest picture, seconds."""


class ShownSources(msgspec.Struct, kw_only=True):
    """What the workers of a run show."""

    workers: list[ShownSource]


class JobList(msgspec.Struct, kw_only=True):
    """Jobs, the newest first."""

    jobs: list[Job]


class JobWithLog(msgspec.Struct, kw_only=True):
    """A job, and a part of its log."""

    job: Job
    events: list[JobEvent]


class LoggedIn(msgspec.Struct, kw_only=True):
    """The token's holder."""

    name: str
    role: str


class Forecasts(msgspec.Struct, kw_only=True):
    """What would become of runs."""

    forecasts: list[Forecast]
    sentence: str
    """All of it in words."""


class FleetMachines(msgspec.Struct, kw_only=True):
    """The enrolled machines, by id."""

    machines: list[FleetMachine]


class TokenHolders(msgspec.Struct, kw_only=True):
    """Who has tokens."""

    tokens: list[LoggedIn]


class StateAppearance(msgspec.Struct, kw_only=True):
    """How a state is shown."""

    glyph: str
    colour: str


class CurveAppearance(msgspec.Struct, kw_only=True):
    """How a curve is drawn."""

    colour: str
    dash: list[int]


class QueryField(msgspec.Struct, kw_only=True):
    """A field of queries."""

    name: str
    kind: str
    about: str


class Me(LoggedIn, kw_only=True):
    """The token's holder, the server, and how things look."""

    version: str
    where: str
    states: dict[str, StateAppearance]
    series: list[CurveAppearance]
    fields: list[QueryField]


class Healthy(msgspec.Struct, kw_only=True):
    """The daemon answers."""

    ok: bool


class FourParts(msgspec.Struct, kw_only=True):
    """Why a call failed."""

    what: str
    where: str
    """The run, worker, file or call; empty where there is none."""
    why: str
    """The likely cause; empty where it is unknown."""
    next: str
    """What to do next, often a command."""
    problems: list[ConfigProblem] | msgspec.UnsetType = msgspec.UNSET
    """Of what was sent: every fault (status 422)."""


class Refused(msgspec.Struct, kw_only=True):
    """A call that failed."""

    error: FourParts


#: By call: its answer; ``None``: none, text: one of this media type.
ANSWERS: dict[str, type | str | None] = {
    "GET /api/v1/runs": FoundRuns,
    "POST /api/v1/runs": Submitted,
    "POST /api/v1/runs/validate": CheckedConfig,
    "GET /api/v1/runs/{run_id}": RunSummary,
    "PATCH /api/v1/runs/{run_id}": RunSummary,
    "DELETE /api/v1/runs/{run_id}": None,
    "GET /api/v1/runs/{run_id}/why": Explanation,
    "GET /api/v1/runs/{run_id}/details": RunDetails,
    "GET /api/v1/runs/{run_id}/episodes": Episodes,
    "GET /api/v1/runs/{run_id}/episodes/{episode}/steps": Steps,
    "GET /api/v1/runs/{run_id}/episodes/{episode}": EpisodeRollup,
    "GET /api/v1/runs/{run_id}/episodes/{episode}/replay": "application/x-ndjson",
    "GET /api/v1/runs/{run_id}/files": FileListing,
    "GET /api/v1/runs/{run_id}/file": "*/*",
    "POST /api/v1/runs/{run_id}/cancel": RunSummary,
    "POST /api/v1/runs/{run_id}/pause": RunSummary,
    "POST /api/v1/runs/{run_id}/unpause": RunSummary,
    "GET /api/v1/runs/{run_id}/series": SeriesNames,
    "GET /api/v1/series": SeriesOfRuns,
    "GET /api/v1/runs/{run_id}/logs": LogPage,
    "GET /api/v1/runs/{run_id}/failure": Failure,
    "GET /api/v1/runs/{run_id}/frames": ShownSources,
    "PATCH /api/v1/runs/{run_id}/frames": ShownSources,
    "GET /api/v1/runs/{run_id}/frames/stream": "multipart/x-mixed-replace",
    "GET /api/v1/compare": ComparedRuns,
    "GET /api/v1/studies": StudyList,
    "POST /api/v1/studies": StudyState,
    "GET /api/v1/studies/{study_id}": StudyState,
    "GET /api/v1/studies/{study_id}/spec": StudySpec,
    "DELETE /api/v1/studies/{study_id}": None,
    "POST /api/v1/studies/{study_id}/retry": StudyState,
    "POST /api/v1/studies/{study_id}/cancel": StudyState,
    "GET /api/v1/studies/{study_id}/results": StudyResults,
    "GET /api/v1/studies/{study_id}/results.zip": "application/zip",
    "GET /api/v1/views": SavedViewList,
    "GET /api/v1/views/{name}": SavedView,
    "PUT /api/v1/views/{name}": None,
    "DELETE /api/v1/views/{name}": None,
    "GET /api/v1/workers": Workers,
    "GET /api/v1/workers/{name}": WorkerWithSchema,
    "GET /api/v1/workers/{name}/form": FormSpec,
    "POST /api/v1/workers/{name}/form": CheckedForm,
    "GET /api/v1/workers/{name}/form/{run_id}": FormValues,
    "GET /api/v1/workers/{name}/presets": SavedPresets,
    "PUT /api/v1/workers/{name}/presets/{preset}": SavedPreset,
    "DELETE /api/v1/workers/{name}/presets/{preset}": None,
    "GET /api/v1/jobs": JobList,
    "POST /api/v1/jobs": Job,
    "GET /api/v1/jobs/{job_id}": JobWithLog,
    "POST /api/v1/jobs/{job_id}/cancel": Job,
    "POST /api/v1/login": LoggedIn,
    "POST /api/v1/logout": None,
    "GET /api/v1/machines": MachineReport,
    "GET /api/v1/fleet": FleetMachines,
    "DELETE /api/v1/fleet/{machine_id}": None,
    "POST /api/v1/agents/enroll": "application/json",
    "POST /api/v1/agents/{method}": "application/json",
    "POST /api/super-studies": "application/json",
    "GET /api/super-studies": "application/json",
    "GET /api/super-studies/{study_id}/assignments": "application/json",
    "POST /api/assignments/{assignment_id}/claim": "application/json",
    "GET /api/assignments/{assignment_id}/config": "application/json",
    "POST /api/assignments/{assignment_id}/results": "application/json",
    "POST /api/heartbeat": "application/json",
    "GET /api/assignment": "application/json",
    "POST /api/gui-update": "application/json",
    "POST /api/gui-screenshots": "application/json",
    "GET /api/gui-screenshots/{machine_id}/{tab}": "image/*",
    "GET /api/v1/archives": Archives,
    "POST /api/v1/forecast": Forecasts,
    "GET /api/v1/tokens": TokenHolders,
    "GET /api/v1/me": Me,
    "GET /api/v1/status": DaemonStatus,
    "GET /api/v1/health": Healthy,
    "GET /api/v1/live": "text/event-stream",
}
