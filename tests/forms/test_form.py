"""From a worker's schema to sections and fields, with hints and without."""

from __future__ import annotations

from typing import Any

import pytest
from real_workers import NAMES, record_of

from gym_gui.forms import Field, FormSpec, config_sections, make_form
from gym_gui.workers import MANAGED_FIELDS, WorkerRecord


def form_of(properties: dict[str, Any], **more: Any) -> FormSpec:
    """Return the form of a worker with these fields."""
    schema = {"properties": properties}
    record = WorkerRecord(name="t", entry_point="t:f", distribution="t", version="1", python="p", schema=schema, **more)
    return make_form(record)


def field_of(part: dict[str, Any], name: str = "x") -> Field:
    return form_of({name: part}).by_name()[f"config.{name}"]


@pytest.mark.parametrize(
    ("name", "part", "kind"),
    [
        ("x", {"type": "string"}, "text"),
        ("x", {"type": ["string", "null"]}, "text"),
        ("x", {"type": "integer"}, "integer"),
        ("x", {"type": ["number", "null"]}, "number"),
        ("x", {"type": ["integer", "number"]}, "number"),
        ("x", {"anyOf": [{"type": "number", "minimum": 0}, {"type": "null"}]}, "number"),
        ("x", {"type": "boolean"}, "switch"),
        ("x", {"enum": ["a", "b"]}, "choice"),
        ("x", {"type": ["string", "null"], "enum": ["a", None]}, "choice"),
        ("x", {"type": "array", "items": {"type": "integer"}}, "list"),
        ("x", {"type": "array", "items": {"enum": ["a"]}}, "multi"),
        ("x", {"type": "array", "items": {"type": "object"}}, "json"),
        ("x", {"type": "array"}, "json"),
        ("x", {"type": "object"}, "json"),
        ("x", {}, "json"),
        ("x", {"type": ["number", "string"]}, "text"),
        ("x", {"type": ["object", "string"]}, "json"),
        ("checkpoint_path", {"type": ["string", "null"]}, "path"),
        ("x", {"type": "string", "x-suggest": "files"}, "path"),
        ("x", {"type": "string", "x-secret": True}, "secret"),
        ("api_key", {"type": ["string", "null"]}, "secret"),
    ],
)
def test_each_value_has_the_input_that_suits_it(name: str, part: dict[str, Any], kind: str) -> None:
    assert field_of(part, name).kind == kind


def test_a_field_has_what_its_schema_says() -> None:
    field = field_of(
        {
            "type": ["number", "null"], "description": "Step size.", "unit": "m", "exclusiveMinimum": 0, "maximum": 1,
            "default": None, "x-log": True, "x-applies": {"algo": ["ppo"]}, "x-default-by": {"algo": {"ppo": 0.5}},
        },
        "max_grad_norm",
    )  # fmt: skip
    assert (field.label, field.help, field.unit) == ("Maximum gradient norm", "Step size.", "m")
    assert (field.exclusive_minimum, field.maximum, field.minimum, field.step) == (0, 1, None, None)
    assert (field.default, field.nullable, field.required, field.log) == (None, True, False, True)
    assert field.applies == {"config.algo": ["ppo"]}
    assert field.default_by[0].when == {"config.algo": ["ppo"]}
    assert field.path == ["metadata", "worker", "config", "max_grad_norm"]
    assert field.schema == {"type": ["number", "null"], "exclusiveMinimum": 0, "maximum": 1}


def test_a_secret_default_is_not_in_the_form() -> None:
    assert "hunter2" not in str(form_of({"password": {"type": "string", "default": "hunter2"}}).to_dict())


def test_groups_make_sections_and_known_names_the_rest() -> None:
    form = form_of(
        {
            "run_id": {"type": "string"},
            "seed": {"type": "integer"},
            "env_id": {"type": "string"},
            "gamma": {"type": "number"},
            "hidden_sizes": {"type": "array"},
            "total_steps": {"type": "integer"},
            "log_every": {"type": "integer", "x-advanced": True},
            "strange": {"type": "integer"},
            "league_size": {"type": "integer", "x-group": "Self-play"},
            "league_interval": {"type": "integer", "x-group": "Self-play", "x-advanced": True},
            "odd": {"type": "integer", "x-group": "environment"},
        }
    )
    found = {
        section.title: ([field.name[7:] for field in section.fields], [field.name[7:] for field in section.advanced])
        for section in form.sections
        if any(field.name.startswith("config.") for field in section.all())
    }
    assert found == {
        "Environment": (["env_id", "odd"], []),
        "Algorithm": (["gamma"], []),
        "Length": (["total_steps"], []),
        "Network and device": (["hidden_sizes"], []),
        "Self-play": (["league_size"], ["league_interval"]),
        "Logging and checkpoints": ([], ["log_every"]),
        "Everything else": (["strange"], []),
    }
    ids = [section.id for section in form.sections]
    assert (ids[0], ids[-1]) == ("run", "rest")


@pytest.mark.parametrize("name", NAMES)
def test_every_field_of_a_real_worker_is_in_one_section(name: str) -> None:
    record = record_of(name)
    sections = config_sections(record)
    names = [field for section in sections for field in (*section.fields, *section.advanced)]
    assert sorted(names) == sorted(set(record.properties) - set(MANAGED_FIELDS))
    form = make_form(record)
    every = [field.name for field in form.fields()]
    assert len(every) == len(set(every))
    assert [field.name for field in form.fields() if not (field.label and field.help)] == []


def test_what_every_run_takes_is_there() -> None:
    fields = make_form(record_of("random"), executors=["local", "cluster"]).by_name()
    assert {
        "run_name", "seeds", "tags", "notes", "priority", "executor", "resources.cpus", "resources.memory_mb", "gpus",
        "limits.wall_time_s", "limits.max_attempts", "environment", "secrets", "replicas", "worker_id", "rest",
    } <= set(fields)  # fmt: skip
    assert fields["executor"].choices == ["local", "cluster"]
    assert fields["notes"].multiline
    assert "uses no GPU" in fields["gpus"].note
    assert make_form(record_of("cleanrl")).by_name()["gpus"].note == ""


def test_a_worker_without_a_seed_has_no_field_for_it() -> None:
    assert "seeds" not in form_of({"x": {"type": "integer"}}).by_name()


def test_abilities_and_environments_are_suggested() -> None:
    record = WorkerRecord(
        name="t", entry_point="t:f", distribution="t", version="1", python="p",
        schema={"properties": {"paradigm": {"type": "string"}, "env_id": {"type": "string"}}},
        capabilities={"supported_paradigms": ("sequential",)},
    )  # fmt: skip
    fields = make_form(record, environments=["A-v1"]).by_name()
    assert fields["config.paradigm"].suggestions == ["sequential"]
    assert fields["config.env_id"].suggestions == ["A-v1"]
    assert fields["config.env_id"].suggest == "environments"
