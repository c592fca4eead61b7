"""What a form says of the settings is what the code uses."""

from __future__ import annotations

from typing import Any

import pytest
from form_rules import FormRules

from spade_bdi_worker import RunConfig

RULES = FormRules(RunConfig)


def test_form_hints_name_what_exists() -> None:
    assert RULES.faults() == []


def test_every_null_has_a_meaning() -> None:
    nullable = [name for name, part in RULES.properties.items() if "null" in part["type"]]
    unsaid = [name for name in nullable if RULES.null(name, {}) is None]
    # A checkpoint is required where its field is shown; MOSAIC fills in the others.
    assert unsaid == ["seed", "worker_id", "checkpoint_path"]


def test_null_is_as_many_learners_as_a_form_says(learners: Any) -> None:
    result = learners().named("run_completed")[-1]
    count, shared = RULES.null("learners", {}), RULES.null("shared_table", {})
    assert count is not None
    assert shared is not None
    assert (count.value, shared.value) == (result["learners"], result["shared_table"])
    assert RULES.null("learners", {"mode": "resume"}) == (
        {"mode": ["resume", "evaluate"]},
        None,
        "as in the checkpoint",
        False,
    )


def test_null_in_a_resumed_training_is_what_the_checkpoint_has(learners: Any) -> None:
    from spade_bdi_worker.checkpoint import load_checkpoint

    first = learners(learners=3, shared_table=True)
    path = first.named("checkpoint_saved")[-1]["path"]
    names = ("algo", "env_id", "env_kwargs")
    checkpoint = load_checkpoint(path, **{name: first.config[name] for name in names})
    resumed = learners(checkpoint=checkpoint, mode="resume", checkpoint_path=path, total_steps=600)
    result = resumed.named("run_completed")[-1]
    assert (result["learners"], result["shared_table"]) == (3, True)


@pytest.mark.library
def test_null_is_the_port_that_a_form_says() -> None:
    pytest.importorskip("spade_bdi", reason="needs the worker's library")
    from spade_bdi_worker.bdi import session

    rule = RULES.null("xmpp_port", {"xmpp_jid": "me@example.org"})
    assert rule is not None
    assert rule.value == session.XMPP_PORT
    without = RULES.null("xmpp_port", {})
    assert without is not None
    assert not without.has_value
