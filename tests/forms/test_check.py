"""What is wrong with a form, by field."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from form_configs import any_configs, train_configs
from hypothesis import given
from hypothesis import strategies as st
from real_workers import NAMES, record_of

from gym_gui.core.worker.errors import ConfigError, Problem, UsageError
from gym_gui.forms import FieldProblem, field_of_error, first_problems, from_run_config, make_form, problems
from gym_gui.runs.config import run_config_problems
from gym_gui.workers import EnvironmentFacts, check_worker_config

CLEANRL = make_form(record_of("cleanrl"), executors=["local", "cluster"])


def only(values: dict[str, Any], form: Any = CLEANRL) -> FieldProblem:
    """Return the one problem that there is."""
    found = problems(form, values)
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("name", "value", "message", "allowed"),
    [
        ("config.learning_rate", "abc", "is text", "a number or null, at most 1, greater than 0"),
        ("config.learning_rate", "", "is empty", "a number or null, at most 1, greater than 0"),
        ("config.learning_rate", 0, "is out of bounds", "greater than 0"),
        ("config.num_envs", "1.5", "is a number", "an integer"),
        ("config.cuda", "yes", "is text", "true or false"),
        ("config.cuda", None, "is null", "true or false"),
        ("config.hidden_sizes", "64, x", "is text", "an integer"),
        ("config.env_kwargs", "{", "is not JSON: Expecting", "JSON"),
        ("config.env_kwargs", "[1]", "is a list", "an object"),
        ("config.steps", "some", "is not of the form", "matching"),
        ("run_name", "", "is empty", "text of 1 to 120 characters"),
        ("run_name", "a\x1bb", "has the character", "without control"),
        ("tags", ["a", 3], "is 3", "text"),
        ("priority", "101", "is 101", "at most 100"),
        ("resources.memory_mb", 1, "is 1", "at least 256"),
        ("gpus", "9", "is 9", "at most 8"),
        ("limits.wall_time_s", "soon", "is 'soon'", "a number"),
        ("seeds", "1-", "is not a list of seeds", "like 1-5"),
        ("seeds", "0-2000", "more than 1000 runs", "like 1-5"),
        ("seeds", "-1", "is not a list of seeds", "like 1-5"),
        ("environment", {"MOSAIC_SEED": "1"}, "is set by MOSAIC itself", "leave it out"),
        ("worker_id", "a/b", "", ""),
        ("rest", "{", "is not JSON: Expecting", "JSON"),
        ("rest", "[1]", "is a list", "an object"),
    ],
)
def test_it_is_beside_its_field(name: str, value: Any, message: str, allowed: str) -> None:
    problem = only({name: value})
    assert problem.field == name
    assert message in problem.message
    assert allowed in problem.allowed


def test_the_nearest_name_is_told() -> None:
    assert only({"config.algo": "pppo"}).nearest == "ppo"
    assert only({"executor": "clustr"}).nearest == "cluster"
    assert only({"config.algoo": "ppo"}) == FieldProblem(
        field="", path="config.algoo", message="is not a field of this form", nearest="config.algo"
    )
    assert problems(CLEANRL, {"executor": "cluster"}) == []


def test_what_belongs_to_no_field_goes_to_the_form() -> None:
    found = problems(CLEANRL, {"rest": {"metadata": {"worker": {"config": {"lr": 1}}}, "priorty": 1}})
    assert [(problem.field, problem.path, problem.nearest) for problem in found] == [
        ("rest", "priorty", "priority"),
        ("rest", "metadata.worker.config.lr", "q_lr"),
    ]
    both = problems(CLEANRL, {"worker_id": "a", "replicas": 2})
    assert [problem.field for problem in both] == ["worker_id"]


def test_a_value_in_the_wrong_place_is_named() -> None:
    problem = only({"rest": {"priority": 3}})
    assert (problem.field, problem.path, problem.message) == ("rest", "priority", "has a field of its own: Priority")
    assert only({"rest": {"metadata": {"worker": {"worker_id": "sb3"}}}}).message == "is 'sb3'"


@pytest.mark.parametrize(
    ("rest", "path"),
    [
        ({"metadata": 3}, "metadata"),
        ({"metadata": {"worker": []}}, "metadata.worker"),
        ({"metadata": {"worker": {"config": "x"}}}, "metadata.worker.config"),
        ({"resources": True}, "resources"),
    ],
)
def test_what_a_field_would_overwrite_is_named(rest: Any, path: str) -> None:
    values = {"rest": rest, "config.gamma": 0.9, "resources.cpus": 2}
    problem = only(values)
    assert (problem.field, problem.path, problem.message) == ("rest", path, "is not an object")


def test_required_fields_are_missing_until_they_are_entered() -> None:
    record = copy.deepcopy(record_of("random"))
    assert record.schema is not None
    record.schema["required"] = ["run_id", "env_id"]
    form = make_form(record)
    problem = only({}, form)
    assert (problem.field, problem.message) == ("config.env_id", "is missing")
    assert problems(form, {"config.env_id": "x"}) == []


def test_abilities_and_the_environment_are_compared() -> None:
    record = record_of("spade_bdi")
    facts = EnvironmentFacts(known=True, actions=[["continuous"]], observations=[["vector"]], agents=1)
    form = make_form(record, env_id="Pendulum-v1", facts=facts)
    assert form.by_name()["config.env_id"].note == "Pendulum-v1: continuous actions, vector observations, 1 agent."
    problem = problems(form, {"config.env_id": "Pendulum-v1"})[0]
    assert problem.field == "config.env_id"
    assert "has continuous actions" in problem.message
    assert problems(form, {"config.env_id": "FrozenLake-v1"}) == []
    assert only({"config.mode": "resume"}, make_form(record_of("random"))).field == "config.mode"


def test_secrets_of_the_submitters_environment_are_no_problem() -> None:
    assert problems(CLEANRL, {"secrets": ["WANDB_API_KEY"]}) == []
    assert only({"secrets": ["seed"]}).field == "secrets"


def test_a_secret_is_in_no_problem() -> None:
    form = make_form(record_of("spade_bdi"))
    assert form.by_name()["config.xmpp_password"].kind == "secret"
    found = problems(form, {"config.xmpp_password": ["hunter2-hunter2"], "config.gamma": "x"})
    assert {problem.field for problem in found} == {"config.xmpp_password", "config.gamma"}
    assert "hunter2" not in str(found)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_a_run_config_has_the_problems_that_the_daemon_finds(name: str, data: st.DataObject) -> None:
    record = record_of(name)
    config = data.draw(train_configs(record) | any_configs(record))
    settings = config["metadata"]["worker"].get("config", {})
    wrong = run_config_problems(config) + check_worker_config(record, settings)
    form = make_form(record)
    found = problems(form, from_run_config(form, config))
    # What a worker declares that it cannot do is none of the schema's; a secret's variable may be the submitter's.
    shown = [problem for problem in found if "its capability" not in problem.message]
    assert {problem.path for problem in shown} == {problem.path for problem in wrong} - {"secrets[0]"}


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_any_values_are_answered_in_plain_json(name: str, data: st.DataObject) -> None:
    form = make_form(record_of(name))
    junk = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=5)
        | st.just([])
        | st.just({"a": [1]})
    )
    values = data.draw(st.dictionaries(st.sampled_from(sorted(form.by_name())), junk, max_size=8))
    names = {field.name for field in form.fields()} | {""}
    for problem in problems(form, values):
        assert problem.field in names
        assert problem.message
        json.dumps([problem.path, problem.message, problem.allowed, problem.nearest])


def test_an_error_of_the_daemon_leads_to_its_field() -> None:
    form = make_form(record_of("random"))
    wrong = [Problem("nothing.of.the.form", "is wrong"), Problem("metadata.worker.config.env_id", "is wrong")]
    assert field_of_error(form, ConfigError("refused", wrong)) == "config.env_id"
    assert field_of_error(form, ConfigError("refused", wrong[:1])) == ""
    assert field_of_error(form, UsageError("the daemon is full")) == ""


def test_of_several_problems_of_a_field_the_first_counts() -> None:
    found = [FieldProblem(field=name, path=name, message=text) for name, text in (("a", "1"), ("b", "2"), ("a", "3"))]
    assert {name: problem.message for name, problem in first_problems(found).items()} == {"a": "1", "b": "2"}
