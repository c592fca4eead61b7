"""Makes the form of a worker from its record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from gym_gui.forms.fields import CONFIG_PATH, PREFIX, config_field, schema_field
from gym_gui.forms.run_fields import run_sections
from gym_gui.forms.sections import OTHER, config_sections
from gym_gui.forms.spec import EnvironmentNote, Field, FormSpec, Section
from gym_gui.workers import ENVIRONMENT_FIELDS, EnvironmentFacts, WorkerRecord

#: Capabilities whose words a field of the config takes.
_SUGGESTED = {
    "paradigm": "supported_paradigms",
    "training_paradigm": "supported_paradigms",
    "env_family": "env_families",
}
_CAPABILITIES = (
    "supported_paradigms", "env_families", "action_spaces", "observation_spaces", "max_agents",
    "supports_checkpointing", "requires_gpu", "supports_gpu",
)  # fmt: skip


def make_form(
    record: WorkerRecord,
    *,
    executors: Sequence[str] = ("local",),
    environments: Iterable[str] = (),
    env_id: str = "",
    facts: EnvironmentFacts | None = None,
) -> FormSpec:
    """Return the form of a worker: its own sections, and those that every run has.

    Args:
        record: The worker.
        executors: Names of the executors that runs may use.
        environments: Names of environments to suggest.
        env_id: An environment of which more is known.
        facts: What is known of it.
    """
    note = _environment_note(env_id, facts) if env_id and facts is not None else None
    able = record.capabilities
    run, *others = run_sections(record, executors)
    return FormSpec(
        worker=record.name,
        title=record.title,
        about=record.about,
        module=record.module,
        sections=[run, *_worker_sections(record, list(environments), note), *others],
        closed=record.schema is not None and record.schema.get("additionalProperties", False) is False,
        capabilities=msgspec.json.decode(msgspec.json.encode({name: able.get(name) for name in _CAPABILITIES})),
        environment=note,
    )


def _worker_sections(record: WorkerRecord, environments: list[str], note: EnvironmentNote | None) -> list[Section]:
    if record.schema is None:
        return [Section(id=OTHER, title="Settings", fields=[_UNKNOWN])]
    required = record.schema.get("required", [])
    properties = record.properties

    def make(name: str) -> Field:
        field = config_field(name, properties[name], required=name in required)
        suggestions = _suggestions(record, field, environments)
        extra = _spaces(note) if note is not None and name in ENVIRONMENT_FIELDS else ""
        suggest = field.suggest or ("environments" if name in ENVIRONMENT_FIELDS else "")
        return msgspec.structs.replace(field, suggestions=suggestions, note=extra or field.note, suggest=suggest)

    return [
        Section(
            id=section.id,
            title=section.title,
            fields=[make(name) for name in section.fields],
            advanced=[make(name) for name in section.advanced],
        )
        for section in config_sections(record)
    ]


def _suggestions(record: WorkerRecord, field: Field, environments: list[str]) -> list[Any]:
    name = field.name.removeprefix(PREFIX)
    if field.suggest == "environments" or name in ENVIRONMENT_FIELDS:
        return environments or field.suggestions
    words = record.capabilities.get(_SUGGESTED.get(name, ""))
    return list(words) if field.kind == "text" and isinstance(words, (list, tuple)) else field.suggestions


def _environment_note(env_id: str, facts: EnvironmentFacts) -> EnvironmentNote:
    return EnvironmentNote(
        env_id=env_id,
        families=facts.families,
        actions=facts.actions,
        observations=facts.observations,
        agents=facts.agents,
    )


def _spaces(note: EnvironmentNote) -> str:
    """Return in words what an environment has."""
    parts = [f"{kinds[0]} {noun}" for noun, spaces in (("actions", note.actions), ("observations", note.observations))
             for kinds in spaces[:1] if kinds]  # fmt: skip
    if note.agents is not None:
        parts.append("1 agent" if note.agents == 1 else f"{note.agents} agents")
    return f"{note.env_id}: {', '.join(parts)}." if parts else ""


_UNKNOWN = schema_field(
    CONFIG_PATH[-1],
    CONFIG_PATH,
    {"type": "object", "default": {}, "description": "Its fields are unknown: a JSON object, passed on unchecked."},
    label="Settings",
)
