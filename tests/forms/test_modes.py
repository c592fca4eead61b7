"""Modes of a form: ways to fill it, each with fewer fields."""

from __future__ import annotations

from typing import Any

import pytest
from real_workers import record_of

from gym_gui.core.worker.errors import ConfigError
from gym_gui.forms import (
    FormSpec,
    Mode,
    choice_modes,
    fill_form,
    in_mode,
    make_form,
    mode_of,
    mode_problems,
    named,
    narrowed_modes,
    problems,
    script_modes,
    visible,
)
from gym_gui.workers import WorkerRecord


def form_of(**properties: Any) -> FormSpec:
    schema = {"properties": {"run_id": {"type": "string"}, **properties}, "required": ["run_id"]}
    return make_form(
        WorkerRecord(name="t", entry_point="t:f", distribution="t", version="1", python="p", schema=schema)
    )


BACKENDS = {"type": "string", "enum": ["torch", "mindspore"], "default": "torch"}
XUANCE = form_of(
    backend=BACKENDS,
    device={"type": "string", "default": "cpu", "x-applies": {"backend": ["torch"]}},
    script={"type": ["string", "null"], "default": None},
    learning_rate={"type": "number", "default": 0.1},
    total_steps={"type": "integer", "default": 10},
)


def test_a_mode_for_each_choice_the_default_sends_nothing() -> None:
    torch, mindspore = choice_modes(XUANCE, "backend")
    assert [torch.title, mindspore.title] == ["torch", "mindspore"]
    assert in_mode(torch, {"config.device": "cuda"}) == {"config.device": "cuda"}
    values = in_mode(mindspore, {"config.device": "cuda", "config.backend": "torch"})
    assert values == {"config.backend": "mindspore", "config.device": "cuda"}
    assert "config.device" not in visible(XUANCE, values)  # as the worker says of the field


def test_a_field_that_may_be_left_alone_has_a_mode_for_that() -> None:
    form = form_of(paradigm={"type": ["string", "null"], "enum": ["il", "cc", None], "default": None})
    assert [mode.title for mode in choice_modes(form, "paradigm", unset="All")] == ["All", "il", "cc"]


@pytest.mark.parametrize("schema", [{}, {"backend": {"type": "string", "default": "torch"}}])
def test_without_choices_there_are_no_modes(schema: dict[str, Any]) -> None:
    assert choice_modes(form_of(**schema), "backend") == []
    assert script_modes(form_of(**schema), []) == []


def test_scripts_have_a_mode_with_the_fields_that_they_take() -> None:
    modes = script_modes(XUANCE, choice_modes(XUANCE, "backend"))
    assert [mode.title for mode in modes] == ["torch", "mindspore", "Script"]
    assert all("config.script" in mode.hides for mode in modes[:2])
    hidden = set(modes[2].hides)
    assert {"config.backend", "config.learning_rate"} <= hidden
    assert not {"config.script", "config.total_steps"} & hidden


def test_values_are_in_the_first_mode_that_loses_none_of_them() -> None:
    modes = script_modes(XUANCE, choice_modes(XUANCE, "backend"))

    def title(values: dict[str, Any]) -> str | None:
        found = mode_of(XUANCE, modes, values)
        return None if found is None else found.title

    assert title({}) == "torch"
    assert title({"config.backend": "torch", "config.learning_rate": 1}) == "torch"
    assert title({"config.backend": "mindspore"}) == "mindspore"
    assert title({"config.script": "/a.py", "config.total_steps": "9"}) == "Script"
    assert title({"config.script": "/a.py", "config.learning_rate": 1}) is None


def test_what_no_mode_has_may_be_kept() -> None:
    (*_, script) = script_modes(XUANCE, [])
    values = {"config.script": "/a.py", "config.learning_rate": 1}
    assert in_mode(script, values) == {"config.script": "/a.py"}
    assert in_mode(script, values, kept=["config.learning_rate"]) == values


def test_a_mode_without_what_it_is_about_is_a_problem() -> None:
    (*_, script) = script_modes(XUANCE, [])
    (problem,) = mode_problems(XUANCE, script, {})
    assert (problem.field, problem.path) == ("config.script", "metadata.worker.config.script")
    assert mode_problems(XUANCE, script, {"config.script": "/a.py"}) == []
    assert mode_problems(XUANCE, Mode(title="all"), {}) == []


def test_the_script_mode_of_cleanrl_starts_a_script() -> None:
    form = make_form(record_of("cleanrl"))
    (*_, script) = script_modes(form, [Mode(title="Algorithm", hides=named(form, "curriculum"))])
    values = in_mode(script, {"config.script": "/tmp/a.py", "config.algo": "dqn", "config.env_id": "CartPole-v1"})
    assert values == {"config.script": "/tmp/a.py", "config.env_id": "CartPole-v1"}
    assert problems(form, values) == []
    shown = set(named(form, "*")).difference(script.hides)
    assert {"config.script", "config.script_args", "config.env_id", "config.total_timesteps"} <= shown
    assert (
        not {
            "config.algo",
            "config.gamma",
            "config.num_envs",
            "config.mode",
            "config.curriculum",
            "config.eval_episodes",
        }
        & shown
    )


def test_a_form_is_filled_as_its_mode_says() -> None:
    script = next(mode for mode in script_modes(XUANCE, []) if mode.needs)
    filled = fill_form(XUANCE, {"config.learning_rate": "none"}, script)
    assert filled.values == {}
    assert [problem.field for problem in filled.problems] == ["config.script"]
    assert filled.summary == "1 field needs attention"
    with pytest.raises(ConfigError, match="the form is not valid"):
        filled.check()
    whole = fill_form(XUANCE, {"config.script": "/a.py"}, script)
    whole.check()
    assert whole.configs[0]["metadata"]["worker"]["config"] == {"script": "/a.py"}
    assert "/a.py" in whole.json
    assert "/a.py" in whole.command.text


def test_a_mode_leaves_the_choices_of_one_family() -> None:
    form = form_of(algo={"type": "string", "enum": ["ppo", "sac", "dqn"], "default": "ppo"})
    families = {"On-policy": ("ppo",), "Replay": ("sac", "dqn", "td3")}
    everything, on_policy, replay = narrowed_modes(form, [], "algo", families, "Every algorithm")
    assert (everything.narrows, on_policy.narrows) == ({}, {"config.algo": ["ppo"]})
    assert mode_problems(form, on_policy, {}) == []
    (problem,) = mode_problems(form, replay, {})
    assert (problem.field, problem.allowed) == ("config.algo", "sac, dqn")
    assert mode_problems(form, replay, {"config.algo": "sac"}) == []
    assert narrowed_modes(form, [], "algo", {"None": ("a2c",)}, "Every algorithm") == []
    assert narrowed_modes(form, [], "other", families, "Every algorithm") == []
