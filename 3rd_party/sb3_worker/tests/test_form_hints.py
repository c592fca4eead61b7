"""What a form says of the arguments is what the libraries use."""

from __future__ import annotations

from dataclasses import fields

import pytest
from form_rules import FormRules

from sb3_worker import Sb3WorkerConfig
from sb3_worker.defaults import ALGORITHMS, DEFAULTS

RULES = FormRules(Sb3WorkerConfig)
ARGUMENTS = {entry.name for entry in fields(Sb3WorkerConfig) if entry.metadata.get("argument")} | {"action_noise"}


def test_form_hints_name_what_exists() -> None:
    assert RULES.faults() == []
    assert set(DEFAULTS) == ARGUMENTS
    assert set(RULES.properties["algo"]["examples"]) >= set(ALGORITHMS)


@pytest.mark.parametrize("algo", ALGORITHMS)
def test_a_form_shows_the_arguments_of_the_algorithm(algo: str) -> None:
    for name, defaults in DEFAULTS.items():
        rule = RULES.null(name, {"algo": algo})
        assert RULES.applies(name, {"algo": algo}) == (algo in defaults) == (rule is not None)
        if rule is not None:
            assert rule.value == defaults[algo]


def test_a_form_claims_no_value_that_something_else_decides() -> None:
    for settings in ({"mode": "resume"}, {"mode": "evaluate"}, {"algorithm_kwargs": {"gamma": 0.5}}):
        rules = [RULES.null(name, settings) for name in DEFAULTS]
        assert not any(rule is not None and rule.has_value for rule in rules)


@pytest.mark.library
@pytest.mark.filterwarnings("ignore")
def test_the_defaults_are_those_of_the_libraries() -> None:
    pytest.importorskip("sb3_contrib", reason="needs the worker's library")
    from sb3_worker.arguments import parameters_of
    from sb3_worker.registry import algorithm_class, algorithm_names

    assert set(ALGORITHMS) == set(algorithm_names())
    for algo in ALGORITHMS:
        parameters = parameters_of(algorithm_class(algo))
        assert {name for name in ARGUMENTS if name in parameters} == {n for n in DEFAULTS if algo in DEFAULTS[n]}
        for name, defaults in DEFAULTS.items():
            if algo in defaults:
                assert parameters[name].default == defaults[algo], (algo, name)
