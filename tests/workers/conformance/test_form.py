"""What reads badly as a form, and that MOSAIC's own workers read well."""

from __future__ import annotations

from typing import Any

import pytest
from real_workers import NAMES, record_of

from gym_gui.workers.conformance.form import form_faults


@pytest.mark.parametrize("name", NAMES)
def test_our_own_workers_read_well(name: str) -> None:
    assert list(form_faults(record_of(name).properties)) == []


@pytest.mark.parametrize(
    ("properties", "fault"),
    [
        ({"lr": {"type": "number"}}, "without help: lr"),
        ({"lr": {"type": "number", "description": " "}}, "without help: lr"),
        ({f"f{n}": {"type": "number"} for n in range(8)}, "without help: f0, f1, f2, f3, f4 and 3 more"),
        ({"algo": {"enum": ["a"], "description": "x"}}, "choices without a type: algo"),
        ({"lr": {"description": "x", "x-applies": {"algo": ["a"]}}}, "lr: applies names 'algo', which is not a field"),
        ({"lr": {"description": "x", "x-suggest": "y"}}, "lr: suggest is 'y'"),
        ({f"f{n}": {"description": "x"} for n in range(26)}, "26 fields are shown at once, and none has a group"),
    ],
)
def test_what_reads_badly_is_told(properties: dict[str, Any], fault: str) -> None:
    (told,) = form_faults(properties)
    assert told.startswith(fault)


def test_fields_that_mosaic_fills_in_need_no_help() -> None:
    assert list(form_faults({"run_id": {"type": "string"}, "seed": {}, "worker_id": {}})) == []


def test_many_fields_with_groups_or_conditions_read_well() -> None:
    plain = {f"f{n}": {"description": "x"} for n in range(25)}
    assert list(form_faults(plain)) == []
    assert list(form_faults({**plain, "more": {"description": "x", "x-advanced": True}})) == []
    assert list(form_faults({**plain, "f26": {"description": "x"}, "f27": {"description": "x", "x-group": "G"}})) == []
