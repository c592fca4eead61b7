"""What a form begins with, by what it is for."""

from __future__ import annotations

from typing import get_args

import pytest
from real_workers import record_of

from gym_gui.forms import FIRST_FIELDS, VERBS, FormKind, initial_values, make_form, to_run_config
from gym_gui.runs.config import validate_train_run_config

FORM = make_form(record_of("cleanrl"))


def recorded() -> dict[str, object]:
    """Return the config of a run with a name and an environment of its own."""
    entered = {"run_name": "mine", "config.env_id": "Acrobot-v1", "seeds": 3}
    payload: dict[str, object] = validate_train_run_config(to_run_config(FORM, entered)).payload
    return payload


@pytest.mark.parametrize("kind", get_args(FormKind))
def test_every_kind_has_a_verb_and_begins_with_fields_of_the_form(kind: FormKind) -> None:
    assert VERBS[kind]
    assert set(initial_values(FORM, kind, recorded(), "/home/last.pt")) <= set(FORM.by_name())
    assert FIRST_FIELDS.get(kind, next(iter(FORM.by_name()))) in FORM.by_name()


def test_a_run_is_trained_again_under_its_name() -> None:
    assert initial_values(FORM, "train", recorded(), "/home/last.pt") == {
        "run_name": "mine", "config.env_id": "Acrobot-v1", "seeds": 3
    }  # fmt: skip


@pytest.mark.parametrize(("kind", "mode"), [("evaluation", "evaluate"), ("resume", "resume"), ("policy", "evaluate")])
def test_a_checkpoint_is_used_without_the_name_of_the_run_that_saved_it(kind: FormKind, mode: str) -> None:
    assert initial_values(FORM, kind, recorded(), "/home/last.pt") == {
        "config.env_id": "Acrobot-v1", "seeds": 3, "config.mode": mode, "config.checkpoint_path": "/home/last.pt"
    }  # fmt: skip
    assert initial_values(FORM, kind) == {"config.mode": mode}


def test_without_a_run_a_form_that_trains_is_empty() -> None:
    assert initial_values(FORM, "train") == {}
