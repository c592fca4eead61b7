"""What a form shows is what the worker reads."""

from __future__ import annotations

from form_rules import FormRules

from random_worker import RandomWorkerConfig
from random_worker.pace import Limits

RULES = FormRules(RandomWorkerConfig)


def test_form_hints_name_what_exists() -> None:
    assert RULES.faults() == []


def test_a_form_shows_the_limits_that_the_mode_reads() -> None:
    given = {"total_steps": 111, "episodes": 222, "eval_episodes": 333}
    for mode in RULES.properties["mode"]["enum"]:
        limits = Limits(RandomWorkerConfig(run_id="r", mode=mode, **given))
        read = {value for value in (limits.steps, limits.episodes) if value}
        shown = {value for name, value in given.items() if RULES.applies(name, {"mode": mode})}
        assert shown == read
