"""Fields that MOSAIC itself takes for every run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from gym_gui.forms.executor_fields import executor_fields
from gym_gui.forms.fields import CONFIG_PATH, schema_field
from gym_gui.forms.spec import DefaultRule, Field, Kind, Section
from gym_gui.runs import LOCAL_EXECUTOR, SEED_MAX, run_config_schema, schema_of_member
from gym_gui.workers import WorkerRecord, can_use_gpu

SEEDS, GPUS, MODULE, REST = "seeds", "gpus", "module", "rest"
WORKER_IDS, WORKER_SEEDS = "worker_ids", "worker_seeds"
_WORKER = CONFIG_PATH[:2]


class _Row(NamedTuple):
    """A field of the run config.

    Args:
        section: Id of its section.
        path: Where it stands, dotted.
        label: For users.
        advanced: Most users do not need it.
        unit: Of the number.
        null: What null stands for.
        kind: The input; by default the one that suits its schema.
    """

    section: str
    path: str
    label: str
    advanced: bool = False
    unit: str = ""
    null: str = ""
    kind: Kind | None = None


_TITLES = {"run": "Run", "resources": "Resources", "limits": "Limits and failures", "rest": "Further run config"}
_ROWS = (
    _Row("run", "run_name", "Name"),
    _Row("run", "seeds", "Seeds"),
    _Row("run", "tags", "Tags"),
    _Row("run", "notes", "Notes"),
    _Row("run", "metadata.worker.config.worker_id", "Worker id", advanced=True, null="000001"),
    _Row("run", "metadata.worker.replicas", "Replicas", advanced=True),
    _Row("run", WORKER_IDS, "Worker ids", advanced=True),
    _Row("run", WORKER_SEEDS, "Worker seeds", advanced=True),
    _Row("run", "metadata.worker.module", "Module", advanced=True),
    _Row("resources", "resources.cpus", "CPU cores", unit="cores"),
    _Row("resources", "resources.memory_mb", "Memory", unit="MiB"),
    _Row("resources", "gpus", "GPUs", unit="GPUs"),
    _Row("resources", "priority", "Priority"),
    _Row("resources", "executor", "Executor"),
    _Row("resources", "environment", "Environment variables", advanced=True, kind="json"),
    _Row("resources", "secrets", "Secrets", advanced=True),
    _Row("limits", "limits.wall_time_s", "Wall time", unit="s", null="no limit"),
    _Row("limits", "limits.max_attempts", "Attempts"),
    _Row("limits", "schedule.max_steps", "Maximum steps", advanced=True, unit="steps", null="no limit"),
    _Row("limits", "limits.disk_mb", "Disk space", advanced=True, unit="MiB", null="the setting max_run_disk_mb"),
    _Row("limits", "limits.startup_timeout_s", "Startup timeout", advanced=True, unit="s"),
    _Row("limits", "limits.heartbeat_timeout_s", "Heartbeat timeout", advanced=True, unit="s"),
    _Row("limits", "limits.shutdown_timeout_s", "Shutdown timeout", advanced=True, unit="s"),
    _Row("limits", "on_worker_failure", "When a worker fails", advanced=True),
    _Row("limits", "on_disk_full", "When the disk is full", advanced=True),
    _Row("limits", "artifacts.persist_logs", "Keep logs", advanced=True),
    _Row("limits", "artifacts.keep_checkpoints", "Keep checkpoints", advanced=True),
)


def run_sections(record: WorkerRecord, executors: Sequence[str]) -> list[Section]:
    """Return the sections of what every run takes: name, seeds, resources, limits.

    Args:
        record: The run's worker.
        executors: Names of those that runs may use, ``local`` among them.
    """
    special = {
        SEEDS: _seeds_field,
        GPUS: _gpus_field,
        WORKER_IDS: lambda _record: _WORKER_IDS_FIELD,
        WORKER_SEEDS: _worker_seeds_field,
    }
    fields: dict[str, list[Field]] = {}
    for row in _ROWS:
        make = special.get(row.path)
        field = make(record) if make else _field(row, record, executors or (LOCAL_EXECUTOR,))
        if field is not None:
            fields.setdefault(f"{row.section} advanced" if row.advanced else row.section, []).append(field)
    usual, others = executor_fields(executors)
    fields["resources"] += usual
    fields["resources advanced"] += others
    fields["rest advanced"] = [_REST_FIELD]
    return [
        Section(id=key, title=title, fields=fields.get(key, []), advanced=fields.get(f"{key} advanced", []))
        for key, title in _TITLES.items()
    ]


def _field(row: _Row, record: WorkerRecord, executors: Sequence[str]) -> Field:
    path = row.path.split(".")
    part = schema_of_member(run_config_schema(), path) or _WORKER_ID
    if row.path == "executor":
        part = {**part, "enum": list(executors)}
    if "default" not in part and part.get("type") in ("array", "object"):
        part = {**part, "default": [] if part["type"] == "array" else {}}  # pydantic leaves out what a factory makes
    own = path[0] == "metadata"
    field = schema_field(
        path[-1] if own else row.path,
        path,
        part,
        label=row.label,
        kind=row.kind,
        unit=row.unit,
        multiline=row.path == "notes",
    )
    if row.path == "run_name":  # an untouched one is made of the worker, the algorithm and the environment
        return msgspec.structs.replace(field, default=msgspec.UNSET)
    if field.name == MODULE:
        return msgspec.structs.replace(field, default=record.module or None)
    return msgspec.structs.replace(field, default_by=[DefaultRule(label=row.null)]) if row.null else field


def _seeds_field(record: WorkerRecord) -> Field | None:
    own = record.properties.get("seed")
    if record.schema is not None and own is None:
        return None
    return Field(
        name=SEEDS,
        path=[*CONFIG_PATH, "seed"],
        label="Seeds",
        kind="seeds",
        help="One seed, or several runs of one group, one a seed: 1-5, or 1,4,9. Without any, one is drawn.",
        default=None,
        default_by=[DefaultRule(label="drawn")],
        nullable=True,
        minimum=0,
        maximum=min(SEED_MAX, own["maximum"]) if own and isinstance(own.get("maximum"), int) else SEED_MAX,
        schema={"type": ["integer", "null"]},
    )


def _worker_seeds_field(record: WorkerRecord) -> Field | None:
    seeds = _seeds_field(record)
    return seeds and msgspec.structs.replace(
        seeds,
        name=WORKER_SEEDS,
        path=[],
        label="Worker seeds",
        help="A seed for each worker id, as 1-4 or 1,4,9. Without them each is made of the run's seed.",
        default_by=[DefaultRule(label="made of the run's seed")],
    )


def _gpus_field(record: WorkerRecord) -> Field:
    able = can_use_gpu(record)
    return Field(
        name=GPUS,
        path=["resources", "gpus"],
        label="GPUs",
        kind="integer",
        help="GPUs of each worker, which are waited for; 0: train on the CPU. Without it a worker that can use a GPU"
        " gets one that is free.",
        note="" if able else f"{record.name} uses no GPU.",
        default=None,
        default_by=[DefaultRule(label="one, if one is free" if able else "none")],
        unit="GPUs",
        minimum=0,
        maximum=8,
        step=1,
        schema={"type": "integer", "minimum": 0, "maximum": 8},
    )


_WORKER_ID: dict[str, Any] = {
    "type": ["string", "null"],
    "default": None,
    "description": "What to call the worker in its run; null: 000001.",
}
_WORKER_IDS_FIELD = Field(
    name=WORKER_IDS,
    path=[],
    label="Worker ids",
    kind="list",
    help="Several workers of this one run, each with its own id: north, south.",
    default=[],
    item="text",
    schema={"type": "array", "items": {"type": "string"}},
)
_REST_FIELD = Field(
    name=REST,
    path=[],
    label="Further run config",
    kind="json",
    help='Whatever has no field of its own, as in a run config: {"metadata": {"ui": {…}}}.',
    default={},
    schema={"type": "object"},
)
