"""What a form says of the arguments."""

from __future__ import annotations

from dataclasses import fields

import pytest
from form_rules import FormRules

from xuance_worker import XuanceWorkerConfig
from xuance_worker.defaults import ALGORITHMS, TAKEN_BY

RULES = FormRules(XuanceWorkerConfig)
ARGUMENTS = {entry.name for entry in fields(XuanceWorkerConfig) if entry.metadata.get("argument")}


def test_form_hints_name_what_exists() -> None:
    assert RULES.faults() == []
    assert set(TAKEN_BY) == ARGUMENTS
    assert set(RULES.properties["algo"]["examples"]) == set(ALGORITHMS)
    assert RULES.properties["backend"]["enum"] == ["torch", "tensorflow"]


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_a_form_shows_the_arguments_of_the_algorithm(algo: str) -> None:
    for name, algos in TAKEN_BY.items():
        rule = RULES.null(name, {"algo": algo})
        assert RULES.applies(name, {"algo": algo}) == (algo in algos) == (rule is not None)
