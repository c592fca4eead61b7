"""The run config's own fields: types, bounds, defaults, and a sentence for each."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    ValidationInfo,
)
from pydantic_core import PydanticCustomError

from gym_gui.constants import WORKER_MAX_ATTEMPTS
from gym_gui.runs.executors import LOCAL_EXECUTOR, executor_names
from gym_gui.runs.names import LINE_BREAKS_AND_TABS, name_fault
from gym_gui.runs.plan import Limits

MAX_WORKERS = 1024
_LIMITS = Limits()
#: Keys that clients write in a worker's entry and MOSAIC ignores.
CLIENT_NOTES = ("use_grpc", "grpc_target", "agent_id", "schema_id", "schema_version", "arguments")


def _no_text_number(value: Any) -> Any:
    """Reject booleans and text, which pydantic would convert to a number."""
    if isinstance(value, (bool, str)):
        raise PydanticCustomError("not_a_number", "is not a number")
    return value


def _text_of_number(value: Any) -> Any:
    """Convert a number to text: the quotes around an environment variable are often missing."""
    return str(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def _no_control_characters(value: str, allow: str = "") -> str:
    """Reject text with characters that control a terminal."""
    if fault := name_fault(value, allow=allow):
        raise PydanticCustomError("control_character", fault)
    return value


def _known_executor(value: str, info: ValidationInfo) -> str:
    """Reject an unknown executor: the validation's context has the names, else they are those of installed packages."""
    if value == LOCAL_EXECUTOR:  # most are, and looking up the others takes a while
        return value
    names = (info.context or {}).get("executors")
    known = dict.fromkeys([LOCAL_EXECUTOR, *(executor_names() if names is None else names)])
    if value not in known:
        raise PydanticCustomError("unknown_executor", "is unknown", {"names": list(known)})
    return value


# Bounds stand before these in an annotation: pydantic keeps them in the JSON Schema only that way round.
_IS_NUMBER = BeforeValidator(_no_text_number)
_IS_TEXT = BeforeValidator(_text_of_number)
Seconds = Annotated[float, Field(gt=0, le=10 * 365 * 86400, allow_inf_nan=False), _IS_NUMBER]
Megabytes = Annotated[float, Field(gt=0, le=2**31, allow_inf_nan=False), _IS_NUMBER]
_IS_NAME = AfterValidator(_no_control_characters)
_IS_FREE_TEXT = AfterValidator(partial(_no_control_characters, allow=LINE_BREAKS_AND_TABS))
Tag = Annotated[StrictStr, Field(min_length=1, max_length=100), _IS_NAME]


class Part(BaseModel):
    """Base class of the parts: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Gpus(Part):
    """GPUs that each worker requests."""

    requested: Annotated[int, Field(ge=0, le=8), _IS_NUMBER] | None = Field(
        default=None,
        description="Number of GPUs, 0 to 8; null: one, if free, for each worker that can use one.",
    )
    mandatory: StrictBool = Field(
        default=False, description="Whether to wait for the GPUs rather than start without them."
    )


class Resources(Part):
    """Resources that each worker needs."""

    cpus: Annotated[int, Field(ge=1, le=4096), _IS_NUMBER] = Field(default=1, description="CPU cores.")
    memory_mb: Annotated[int, Field(ge=256, le=2**31), _IS_NUMBER] = Field(
        default=1024, description="Memory in MiB, at least 256."
    )
    gpus: Gpus = Field(default=Gpus(), description="GPUs.")


class WorkerPart(Part):
    """One kind of worker, with the config for its package's config class."""

    worker_id: Annotated[StrictStr, Field(min_length=1, max_length=100), _IS_NAME] | None = Field(
        default=None, description="The kind: the entry point's name as `mosaic workers list` shows it."
    )
    module: Annotated[StrictStr, Field(min_length=1, pattern=r"^[A-Za-z_]\w*(\.\w+)*$")] | None = Field(
        default=None, description="The module that `python -m` starts; by default the package's `cli`."
    )
    replicas: Annotated[int, Field(ge=1, le=MAX_WORKERS), _IS_NUMBER] = Field(
        default=1, description="Number of workers with this config, each with its own id and seed."
    )
    config: dict[str, Any] = Field(
        default_factory=dict,
        description="The worker's own settings; `worker_id` in it names the instance, `seed` is the run's seed.",
    )
    use_grpc: Any = Field(default=None, description="A note of the client, ignored.")
    grpc_target: Any = Field(default=None, description="A note of the client, ignored.")
    agent_id: Any = Field(default=None, description="A note of the client, ignored: workers name their agents.")
    schema_id: Any = Field(default=None, description="A note of the client, ignored.")
    schema_version: Any = Field(default=None, description="A note of the client, ignored.")
    arguments: Annotated[list[StrictStr], Field(max_length=0)] | None = Field(
        default=None, description="Must be empty: use the `arguments` of the run config."
    )


class StudyPart(Part):
    """The study that a run is part of."""

    study_id: Annotated[StrictStr, Field(min_length=1, max_length=100), _IS_NAME] = Field(description="The study's id.")
    name: Annotated[StrictStr, Field(min_length=1, max_length=120), _IS_NAME] = Field(description="Its name.")
    index: Annotated[int, Field(ge=0, le=2**31), _IS_NUMBER] = Field(description="Number of the assignment, from 0.")
    split: dict[str, Any] = Field(
        default_factory=dict, description="What the assignment has in place of the base config's values, by key."
    )


class Metadata(Part):
    """The run's workers, and notes of the client."""

    ui: dict[str, Any] = Field(default_factory=dict, description="Notes of the client; not part of the experiment.")
    artifacts: dict[str, Any] = Field(
        default_factory=dict,
        description="Where the client expects TensorBoard files and such; not part of the experiment.",
    )
    worker: WorkerPart | None = Field(default=None, description="The worker, or the replicas of one.")
    workers: Annotated[list[WorkerPart], Field(min_length=1, max_length=MAX_WORKERS)] | None = Field(
        default=None, description="Several workers of different kinds or configs, in place of `worker`."
    )
    study: StudyPart | None = Field(
        default=None, description="The study that the run is part of, as `mosaic study` writes it."
    )


class Artifacts(Part):
    """Which artifacts of the run are kept."""

    output_prefix: Annotated[StrictStr, Field(min_length=1, max_length=500), _IS_NAME] = Field(
        default="runs/${run_id}",
        description="Where a client expects the artifacts, relative to the home; a label only.",
    )
    persist_logs: StrictBool = Field(
        default=True,
        description="Whether the workers' logs are kept; if not, they are deleted once the run has ended and a recount"
        " has verified the database.",
    )
    keep_checkpoints: StrictBool = Field(
        default=True,
        description="Whether checkpoints are kept; if not, they are deleted once the run has completed. A run that"
        " ended otherwise keeps them: it may be resumed.",
    )


class LimitsPart(Part):
    """Limits of each worker's time and attempts, and of the run's disk space."""

    wall_time_s: Seconds | None = Field(
        default=None, description="Seconds after which a worker is stopped; no limit if null."
    )
    startup_timeout_s: Seconds = Field(
        default=_LIMITS.startup_timeout_s, description="Seconds a worker may be silent and idle before its first line."
    )
    heartbeat_timeout_s: Seconds = Field(
        default=_LIMITS.heartbeat_timeout_s, description="Seconds a worker may be silent and idle later."
    )
    shutdown_timeout_s: Seconds = Field(
        default=_LIMITS.shutdown_timeout_s, description="Seconds between SIGTERM and SIGKILL."
    )
    max_attempts: Annotated[int, Field(ge=1, le=WORKER_MAX_ATTEMPTS), _IS_NUMBER] = Field(
        default=_LIMITS.max_attempts, description="How often a failing worker is started, including the first time."
    )
    disk_mb: Megabytes | None = Field(
        default=None,
        description="Maximum size of the run's folder in MiB; beyond it episodes are recorded without their steps. The"
        " setting `max_run_disk_mb` applies if it is smaller, or if this is null.",
    )


class Schedule(Part):
    """The extent of the run."""

    max_duration_seconds: Seconds | None = Field(
        default=None, description="As `limits.wall_time_s`; the smaller one applies."
    )
    max_steps: Annotated[int, Field(ge=1), _IS_NUMBER] | None = Field(
        default=None, description="Maximum steps of each worker; a smaller number in its own config applies."
    )


class RunConfigModel(Part):
    """A run config as a client submits it."""

    run_name: Annotated[StrictStr, Field(min_length=1, max_length=120), _IS_NAME] = Field(
        description="A name for people, 1 to 120 characters, no control characters."
    )
    entry_point: Annotated[StrictStr, Field(min_length=1)] | None = Field(
        default=None,
        description="A command to run as the worker; replaced by the worker's own Python if it has a module.",
    )
    arguments: list[StrictStr] = Field(
        default_factory=list,
        description="Arguments of the command. In those of a bare command, `${config}` is the path of a file with"
        " `metadata.worker.config` as it is, and `${python}` the Python of the machine.",
    )
    environment: dict[Annotated[StrictStr, _IS_NAME], Annotated[StrictStr, _IS_TEXT]] = Field(
        default_factory=dict, description="Environment variables for every worker."
    )
    base_environment: dict[Annotated[StrictStr, _IS_NAME], Annotated[StrictStr, _IS_TEXT]] | None = Field(
        default=None,
        description="Variables from the submitter's environment, added by `mosaic` from a list of names; `environment`"
        " takes precedence. Not part of the experiment.",
    )
    secrets: Annotated[list[Annotated[StrictStr, Field(min_length=1), _IS_NAME]], Field(max_length=100)] = Field(
        default_factory=list,
        description="Variables and worker settings to keep out of every record, in addition to those recognized by"
        " name.",
    )
    resources: Resources = Field(default=Resources(), description="Resources of each worker.")
    metadata: Metadata = Field(default=Metadata(), description="The workers, and notes of the client.")
    artifacts: Artifacts = Field(default=Artifacts(), description="Which artifacts are kept.")
    priority: Annotated[int, Field(ge=-100, le=100), _IS_NUMBER] = Field(
        default=0, description="Runs of a higher priority leave the queue first; -100 to 100."
    )
    executor: Annotated[StrictStr, AfterValidator(_known_executor)] = Field(
        default=LOCAL_EXECUTOR,
        description="Where the workers run: an installed executor; `mosaic doctor` lists them.",
        json_schema_extra=lambda schema: schema.update(enum=[*executor_names()]),
    )
    limits: LimitsPart = Field(default=LimitsPart(), description="Time, attempts, disk.")
    on_worker_failure: Literal["fail_fast", "continue"] = Field(
        default="fail_fast", description="Whether a failed worker stops the others."
    )
    on_disk_full: Literal["continue", "pause"] = Field(
        default="continue",
        description="Whether pausable workers are paused while the disk is low on space (`disk_low_mb`).",
    )
    tags: Annotated[list[Tag], Field(max_length=100)] = Field(
        default_factory=list, description="Words to find runs by; no control characters."
    )
    notes: Annotated[StrictStr, Field(max_length=100_000), _IS_FREE_TEXT] = Field(
        default="", description="Free text of any number of lines; no other control characters."
    )
    schedule: Schedule = Field(default=Schedule(), description="The extent of the run.")


def run_config_fields() -> tuple[str, ...]:
    """Return the names of a run config's own fields."""
    return tuple(RunConfigModel.model_fields)
