from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from executor_packages import OWN_NAMES
from hypothesis import example, given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import ConfigError
from gym_gui.runs.config import read_run_config, run_config_problems, validate_train_run_config

Make = Callable[..., dict[str, Any]]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from(
    ["run_name", "entry_point", "arguments", "environment", "resources", "metadata", "worker", "workers", "worker_id",
     "module", "replicas", "config", "seed", "ui", "limits", "schedule", "tags", "cpus", "gpus", "path_config"]
)  # fmt: skip
PAYLOADS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=5),
    max_leaves=25,
)


def paths(payload: Any) -> list[str]:
    return [problem.path for problem in run_config_problems(payload)]


def test_a_form_is_valid(form: dict[str, Any]) -> None:
    config = validate_train_run_config(form)
    (worker,) = config.workers
    assert (worker.worker_type, worker.module, worker.worker_id) == ("my_worker", "my_worker.cli", "000001")
    assert worker.command is None
    assert worker.arguments == []
    assert worker.config == {"env_id": "CartPole-v1", "seed": 7, "learning_rate": 1e-3}
    assert config.seed == 7
    assert config.resources.gpus.requested == 1
    assert (config.executor, config.on_worker_failure, config.priority) == ("local", "fail_fast", 0)
    assert config.limits.heartbeat_timeout_s == 300


def test_a_valid_config_is_json_and_valid_again(form: dict[str, Any]) -> None:
    first = validate_train_run_config(form)
    second = validate_train_run_config(json.loads(json.dumps(first.payload)))
    assert second.payload == first.payload
    assert second.digest == first.digest
    assert second.workers == first.workers


def test_validation_changes_nothing_and_writes_nothing(form: dict[str, Any], home: Path) -> None:
    before = copy.deepcopy(form)
    config = validate_train_run_config(form)
    config.payload["metadata"]["worker"]["config"]["env_id"] = "changed"
    assert form == before
    with pytest.raises(ConfigError):
        validate_train_run_config({**form, "resources": {"cpus": 0}})
    assert form == before
    assert not home.exists()


def test_every_error_is_told_with_its_path_value_and_what_is_allowed(form: dict[str, Any]) -> None:
    form["run_name"] = ""
    form["resorces"] = form.pop("resources")
    form["limits"] = {"max_attempts": 64, "wall_time_s": -1}
    form["executor"] = "locl"
    form["metadata"]["worker"]["config"]["worker_id"] = "No Slug"
    form["environment"]["MOSAIC_LOG"] = "/tmp/x"
    problems = {problem.path: problem for problem in run_config_problems(form)}
    assert set(problems) == {
        "run_name", "resorces", "limits.max_attempts", "limits.wall_time_s", "executor",
        "metadata.worker.config.worker_id", "environment.MOSAIC_LOG",
    }  # fmt: skip
    assert problems["resorces"].nearest == "resources"
    assert problems["executor"].nearest == "local"
    assert problems["limits.max_attempts"].value == 64
    assert "1" in problems["limits.max_attempts"].allowed
    assert "63" in problems["limits.max_attempts"].allowed
    assert all(problem.allowed for problem in problems.values())
    with pytest.raises(ConfigError) as raised:
        validate_train_run_config(form)
    assert all(path in str(raised.value) for path in problems)


@pytest.mark.parametrize(
    ("path", "value", "fine"),
    [
        ("run_name", "n" * 120, "n"), ("run_name", "n" * 121, None), ("run_name", 7, None), ("run_name", None, None),
        ("resources.cpus", 1, 1), ("resources.cpus", 0, None), ("resources.cpus", "2", None),
        ("resources.cpus", True, None), ("resources.cpus", 1.5, None), ("resources.cpus", 2.0, 2),
        ("resources.memory_mb", 256, 256), ("resources.memory_mb", 255, None),
        ("resources.gpus.requested", 8, 8), ("resources.gpus.requested", 9, None),
        ("resources.gpus.mandatory", 1, None), ("resources.gpus", None, None),
        ("limits.max_attempts", 63, 63), ("limits.max_attempts", 0, None), ("limits.wall_time_s", None, 0),
        ("limits.disk_mb", 0, None), ("limits.disk_mb", 0.5, 0.5),
        ("limits.startup_timeout_s", 0, None), ("schedule.max_steps", 0, None), ("schedule.max_steps", 5, 5),
        ("priority", -100, 0), ("priority", 101, None), ("tags", ["a"], 0), ("tags", [""], None), ("tags", "a", None),
        ("on_worker_failure", "continue", 0), ("on_worker_failure", "ignore", None),
        ("environment.A", 5, 0), ("environment.A", True, None), ("environment.A", "a\0b", None),
        ("metadata.worker.replicas", 1024, 0), ("metadata.worker.replicas", 1025, None),
        ("metadata.worker.module", "a-b", None), ("metadata.worker.module", "a.b_c", 0),
    ],
)  # fmt: skip
def test_bounds_and_types(plain: Make, path: str, value: Any, fine: Any) -> None:
    payload = plain()
    part = payload
    *folders, name = path.split(".")
    for folder in folders:
        part = part.setdefault(folder, {})
    part[name] = value
    assert (paths(payload) == []) is (fine is not None)
    assert all(found.startswith(path) for found in paths(payload))


@pytest.mark.parametrize(
    "payload", [None, [], "text", 7, float("nan"), 2**63, 10**400, "\ud800", object(), {1: 2}, {"\ud800": 1}, b"{}"]
)
def test_what_is_no_object_is_a_problem_of_the_whole_config(payload: Any) -> None:
    first = run_config_problems(payload)[0]
    assert first.path == "run config"
    assert str(first).startswith("run config: ")


def test_metadata_null_is_told() -> None:
    (problem,) = run_config_problems({"run_name": "a", "metadata": None})
    assert (problem.path, problem.message, problem.allowed) == ("metadata", "is null", "an object")


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, 10**400, 2**64, "\ud800", {"\ud800": 1}, {1: 2}, {2, 3}, b"x", object()]
)
def test_what_is_no_json_is_named_once(plain: Make, value: Any) -> None:
    found = paths(plain(lr=value))
    assert found == ["metadata.worker.config.lr"] or found == ["metadata.worker.config.lr.\ud800"]


def test_what_contains_itself_ends(plain: Make) -> None:
    loop: list[Any] = []
    loop.append(loop)
    (problem,) = run_config_problems(plain(loop=loop))
    assert "nested too deeply" in problem.message


@given(PAYLOADS | JSON)
@example(2**63)
@example(math.nan)
@example([2**63])
def test_nothing_that_is_submitted_raises_anything_but_a_config_error(payload: Any) -> None:
    problems = run_config_problems(payload)
    if problems:
        assert all(str(problem) and problem.path for problem in problems)
        with pytest.raises(ConfigError):
            validate_train_run_config(payload)
    else:
        json.dumps(validate_train_run_config(payload).payload, allow_nan=False)


# -- workers ---------------------------------------------------------------------------------------------------------


def test_no_worker_at_all() -> None:
    assert paths({"run_name": "a"}) == ["metadata.worker.worker_id"]


def test_a_bare_command() -> None:
    config = validate_train_run_config({"run_name": "a", "entry_point": "/bin/echo", "arguments": ["-m", "x"]})
    (worker,) = config.workers
    assert (worker.worker_type, worker.module) == ("command", None)
    assert worker.command == ["/bin/echo", "-m", "x"]


def test_a_kind_without_a_module_but_with_a_command_is_a_command(form: dict[str, Any]) -> None:
    del form["metadata"]["worker"]["module"]
    (worker,) = validate_train_run_config(form).workers
    assert worker.command == ["/usr/bin/python3", "-m", "my_worker.cli"]
    assert worker.worker_type == "my_worker"


def test_arguments_beyond_the_module_are_kept(form: dict[str, Any]) -> None:
    form["arguments"] = ["-u", "-m", "my_worker.cli", "--verbose"]
    assert validate_train_run_config(form).workers[0].arguments == ["--verbose"]


@pytest.mark.parametrize("arguments", [["-m", "other.cli"], ["-m"], ["-m", "my_worker.cli", "--config", "x.json"]])
def test_arguments_that_contradict_the_module(form: dict[str, Any], arguments: list[str]) -> None:
    form["arguments"] = arguments
    assert paths(form) == ["arguments"]


def test_a_module_alone_names_the_kind(plain: Make) -> None:
    payload = plain()
    payload["metadata"]["worker"] = {"module": "my_worker.cli"}
    assert validate_train_run_config(payload).workers[0].worker_type == "my_worker"


def test_the_client_may_name_the_kind(plain: Make) -> None:
    payload = plain()
    del payload["metadata"]["worker"]["worker_id"]
    payload["metadata"]["ui"] = {"worker_id": "myworker"}
    assert validate_train_run_config(payload).workers[0].worker_type == "myworker"


@pytest.mark.parametrize("ui_kind", ["myworker", "My-Worker", "my_worker"])
def test_spellings_of_a_kind_agree(plain: Make, ui_kind: str) -> None:
    payload = plain()
    payload["metadata"]["ui"] = {"worker_id": ui_kind}
    assert paths(payload) == []


def test_kinds_that_disagree(plain: Make) -> None:
    payload = plain()
    payload["metadata"]["ui"] = {"worker_id": "cleanrl"}
    assert paths(payload) == ["metadata.ui.worker_id"]


def test_replicas_are_numbered(plain: Make) -> None:
    payload = plain()
    payload["metadata"]["worker"]["replicas"] = 3
    workers = validate_train_run_config(payload).workers
    assert [worker.worker_id for worker in workers] == ["000001", "000002", "000003"]
    assert [worker.first for worker in workers] == [True, False, False]


def test_mixed_workers_are_named_around_the_names_that_were_chosen(plain: Make) -> None:
    payload = plain()
    payload["metadata"] = {
        "workers": [
            {"worker_id": "a", "replicas": 2},
            {"worker_id": "b", "config": {"worker_id": "000001"}},
            {"worker_id": "b", "config": {"worker_id": "learner"}},
        ]
    }
    workers = validate_train_run_config(payload).workers
    assert [worker.worker_id for worker in workers] == ["000005", "000002", "000001", "learner"]
    assert [worker.worker_type for worker in workers] == ["a", "a", "b", "b"]


def test_worker_and_workers_exclude_each_other(plain: Make) -> None:
    payload = plain()
    payload["metadata"]["workers"] = [{"worker_id": "a"}]
    assert paths(payload) == ["metadata.workers"]


def test_an_instance_id_used_twice(plain: Make) -> None:
    payload = plain()
    entry = {"worker_id": "a", "config": {"worker_id": "x"}}
    payload["metadata"] = {"workers": [entry, entry]}
    assert paths(payload) == ["metadata.workers[1].config.worker_id"]


def test_too_many_workers(plain: Make) -> None:
    payload = plain()
    payload["metadata"] = {"workers": [{"worker_id": "a", "replicas": 1000}, {"worker_id": "a", "replicas": 1000}]}
    assert paths(payload) == ["metadata"]


def with_instance(form: dict[str, Any], config: Any, ui: Any, variable: Any, argument: Any) -> dict[str, Any]:
    if config is not None:
        form["metadata"]["worker"]["config"]["worker_id"] = config
    if ui is not None:
        form["metadata"]["ui"]["path_config"] = {"ui_only": {"worker_id": ui}}
    if variable is not None:
        form["environment"]["WORKER_ID"] = variable
    if argument is not None:
        form["arguments"] += ["--worker-id", argument]
    return form


@pytest.mark.parametrize(
    "places",
    [("a", None, None, None), (None, "a", None, None), (None, None, "a", None), (None, None, None, "a"), ("a",) * 4],
)
def test_the_instance_may_be_named_in_several_places(form: dict[str, Any], places: tuple[Any, ...]) -> None:
    config = validate_train_run_config(with_instance(form, *places))
    assert config.workers[0].worker_id == "a"
    if places[0]:
        assert config.payload["metadata"]["worker"]["config"]["worker_id"] == "a"


def test_names_of_the_instance_must_agree(form: dict[str, Any]) -> None:
    assert paths(with_instance(form, "a", "b", "a", "c")) == [
        "metadata.ui.path_config.ui_only.worker_id",
        "arguments (--worker-id)",
    ]


def test_a_name_is_for_one_worker(form: dict[str, Any]) -> None:
    form["metadata"]["worker"]["replicas"] = 2
    assert paths(with_instance(form, "a", "b", None, None)) == [
        "metadata.worker.config.worker_id",
        "metadata.ui.path_config.ui_only.worker_id",
    ]


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "7", True, [1]])
def test_seeds_that_are_none(plain: Make, seed: Any) -> None:
    assert paths(plain(seed=seed)) == ["metadata.worker.config.seed"]


def test_seeds(plain: Make) -> None:
    assert validate_train_run_config(plain(seed=None)).seed is None
    assert validate_train_run_config(plain()).seed is None
    assert validate_train_run_config(plain(seed=3.0)).seed == 3


def test_the_shorter_duration_counts(plain: Make) -> None:
    payload = plain() | {"limits": {"wall_time_s": 50}, "schedule": {"max_duration_seconds": 20}}
    assert validate_train_run_config(payload).limits.wall_time_s == 20


# -- the client's run id ---------------------------------------------------------------------------------------------

FRESH = "01M80J6DEQECP1NAR16WDC721Z"


def test_the_clients_run_id_gives_way_everywhere(form: dict[str, Any]) -> None:
    text = json.dumps(form).replace("form-0001", FRESH).replace('"cartpole"', f'"{FRESH}"')
    config = validate_train_run_config(json.loads(text))
    assert FRESH not in json.dumps(config.payload)
    assert config.run_name == "${run_id}"
    assert config.requested_run_id == FRESH


def test_an_id_that_is_no_ulid_gives_way_where_an_id_or_a_path_stands(form: dict[str, Any]) -> None:
    config = validate_train_run_config(form)
    assert config.environment == {"MY_WORKER_RUN_ID": "${run_id}"}
    assert config.artifacts.output_prefix == "runs/${run_id}"
    assert config.run_name == "cartpole"
    assert config.requested_run_id is None


def test_a_word_that_is_also_a_run_id_stays_a_word(plain: Make) -> None:
    config = validate_train_run_config(plain(run_id="ppo", algo="ppo", out="logs/ppo/x"))
    assert config.workers[0].config == {"algo": "ppo", "out": "logs/${run_id}/x"}


def test_the_run_id_of_another_program_is_left_alone(plain: Make) -> None:
    payload = plain() | {"environment": {"WANDB_RUN_ID": FRESH}}
    config = validate_train_run_config(payload)
    assert config.environment == {"WANDB_RUN_ID": FRESH}
    assert config.requested_run_id is None


def test_a_run_id_among_the_arguments(form: dict[str, Any]) -> None:
    form["arguments"] += ["--run-id", "form-0001", "--run-id=form-0001"]
    assert validate_train_run_config(form).workers[0].arguments == ["--run-id", "${run_id}", "--run-id=${run_id}"]


def test_notes_of_other_clients_are_kept_and_change_nothing(plain: Make) -> None:
    payload = plain()
    before = validate_train_run_config(payload)
    payload["metadata"]["artifacts"] = {
        "tensorboard": {"enabled": True, "relative_path": "var/trainer/runs/x/tensorboard", "log_dir": None},
        "wandb": {"enabled": False, "run_path": "", "api_key": "hush"},
    }
    payload["metadata"]["worker"] |= {
        "use_grpc": True, "grpc_target": "127.0.0.1:50055", "agent_id": 3, "schema_id": "x", "schema_version": 1,
        "arguments": [],
    }  # fmt: skip
    after = validate_train_run_config(payload)
    assert after.digest == before.digest
    assert after.workers == before.workers
    assert after.payload["metadata"]["artifacts"]["tensorboard"]["enabled"] is True
    assert "hush" not in str(after.payload)
    assert after.payload["metadata"]["worker"]["use_grpc"] is True
    assert "artifacts" not in before.payload["metadata"]
    payload["metadata"]["worker"]["arguments"] = ["--fast"]
    assert paths(payload) == ["metadata.worker.arguments"]
    payload["metadata"]["artifacts"] = "all"
    assert paths(payload) == ["metadata.artifacts", "metadata.worker.arguments"]


def test_an_executor_is_one_of_those_that_the_caller_knows(form):
    elsewhere = {**form, "executor": "cluster"}
    (problem,) = run_config_problems(elsewhere)
    assert (problem.path, problem.allowed) == ("executor", "one of " + ", ".join(map(repr, OWN_NAMES)))
    assert validate_train_run_config(elsewhere, executors=["cluster"]).executor == "cluster"
    (problem,) = read_run_config({**form, "executor": "clustr"}, ["cluster", "ray"])[1]
    assert (problem.allowed, problem.nearest) == ("one of 'local', 'cluster', 'ray'", "cluster")
    assert validate_train_run_config(form, executors=["cluster"]).executor == "local"
