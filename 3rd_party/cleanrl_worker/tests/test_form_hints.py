"""What a form says of the hyperparameters is what the code uses."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from form_rules import FormRules

from cleanrl_worker import CleanRLWorkerConfig
from cleanrl_worker.arguments import ARGUMENTS, argument_names
from cleanrl_worker.config import HYPERPARAMETERS
from cleanrl_worker.presets import PRESETS

RULES = FormRules(CleanRLWorkerConfig)
_WHERE = sorted({env_id for _, env_id in PRESETS} | {"Blackjack-v1"})


def test_form_hints_name_what_exists() -> None:
    assert RULES.faults() == []
    assert set(RULES.properties["algo"]["enum"]) == set(ARGUMENTS)


@pytest.mark.parametrize("preset", ["auto", "none"])
@pytest.mark.parametrize("algo", ARGUMENTS)
def test_a_form_says_what_null_stands_for(algo: str, preset: str) -> None:
    for env_id in _WHERE:
        settings = {"algo": algo, "env_id": env_id, "preset": preset}
        used = dataclasses.asdict(CleanRLWorkerConfig.from_dict({"run_id": "r", **settings}).arguments())
        for name in HYPERPARAMETERS:
            rule = RULES.null(name, settings)
            assert (rule is not None) == (name in used), name
            if rule is not None:
                assert (rule.has_value, rule.value) == (True, used[name]), (name, settings)
                usual = CleanRLWorkerConfig.from_dict({"run_id": "r", **settings, "preset": "none"}).arguments()
                assert rule.label == "preset" or rule.value == getattr(usual, name)


@pytest.mark.parametrize("algo", ARGUMENTS)
def test_a_form_shows_what_the_algorithm_takes(algo: str) -> None:
    for name in HYPERPARAMETERS - {"alpha"}:
        assert RULES.applies(name, {"algo": algo}) == (name in argument_names(algo)), name
    assert RULES.applies("alpha", {"algo": algo, "autotune": False}) == (algo == "sac")
    assert not RULES.applies("alpha", {"algo": algo})


@pytest.mark.parametrize(
    "settings", [{"mode": "resume"}, {"script": "a.py"}, {"curriculum": [{"env_id": "CartPole-v1"}]}]
)
def test_a_form_claims_no_value_that_something_else_decides(settings: dict[str, Any]) -> None:
    for name in HYPERPARAMETERS:
        rule = RULES.null(name, settings)
        assert rule is None or not rule.has_value
