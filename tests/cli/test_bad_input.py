"""Bad input: exit code 2, a message that says what, where and what next, and nothing is written."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.usefixtures("untouched")


def refused(ended: Any, *parts: str) -> None:
    assert ended.code == 2, ended
    assert ended.stdout == ""
    assert ended.stderr.startswith("error: ")
    assert "  next:  " in ended.stderr
    assert "Traceback" not in ended.stderr
    for part in parts:
        assert part in ended.stderr


def write(path: Path, config: Any) -> str:
    path.write_text(json.dumps(config))
    return str(path)


def test_unknown_worker(mosaic: Any) -> None:
    refused(mosaic("train", "clenrl"), "'clenrl'", "did you mean cleanrl?", "mosaic workers list")


def test_a_config_of_a_worker_that_is_unknown_or_not_installed(mosaic: Any, tmp_path: Path) -> None:
    for name, told in (("clenrl", "did you mean cleanrl?"), ("spade_bdi", "after: mosaic workers install spade_bdi")):
        config = write(tmp_path / "c.json", {"run_name": "a", "metadata": {"worker": {"worker_id": name}}})
        refused(mosaic("run", config), f"'{name}'", told, "next:  list the workers: mosaic workers list")


def test_unknown_command(mosaic: Any) -> None:
    refused(mosaic("trian"), "'trian'", "did you mean 'train'?")
    refused(mosaic("runs", "shwo"), "'shwo'", "did you mean 'show'?", "mosaic runs")


def test_unknown_option(mosaic: Any) -> None:
    refused(mosaic("train", "random", "--stpes", "5"), "'--stpes'", "did you mean '--steps'?", "mosaic train --help")


def test_missing_config_file(mosaic: Any, tmp_path: Path) -> None:
    refused(mosaic("run", str(tmp_path / "none.json")), "no such config file", "none.json")


def test_malformed_config_file(mosaic: Any, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text('{"run_name": "x",\n "metadata": }')
    refused(mosaic("run", str(path)), "not JSON", "line 2")


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_config_file_of_another_encoding(mosaic: Any, tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "other.json"
    path.write_bytes('{"run_name": "naïve"}'.encode(encoding))
    refused(mosaic("run", str(path)), "not UTF-8", "iconv")


def test_metadata_null(mosaic: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "null.json", {"run_name": "x", "metadata": None})
    refused(mosaic("run", path), "metadata: is null", "an object", path)


def test_five_errors_are_shown_at_once(mosaic: Any, tmp_path: Path) -> None:
    config = {"gamma": 7, "algo": "x", "lerning_rate": 1, "num_envs": 0, "total_timesteps": "many"}
    worker = {"worker_id": "cleanrl", "config": config}
    path = write(tmp_path / "five.json", {"run_name": "x", "metadata": {"worker": worker}})
    ended = mosaic("run", path)
    refused(ended, "5 errors", "did you mean 'learning_rate'?")
    lines = [line for line in ended.stderr.splitlines() if line.startswith("  - ")]
    assert len(lines) == 5
    assert all("metadata.worker.config." in line and "allowed: " in line for line in lines)


def test_faults_of_the_run_and_of_its_worker_are_shown_together(mosaic: Any, tmp_path: Path) -> None:
    worker = {"worker_id": "randm", "config": {}}
    config = {"run_name": "x", "resources": {"cpus": 0}, "bogus": 1, "metadata": {"worker": worker}}
    path = write(tmp_path / "both.json", config)
    refused(mosaic("run", path), "3 errors", "resources.cpus", "bogus", "metadata.worker.worker_id", "random")


def test_json_lists_the_problems(mosaic: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "two.json", {"run_name": "", "priorty": 1, "metadata": {"worker": {"worker_id": "random"}}})
    ended = mosaic("run", path, "--json")
    assert ended.code == 2
    error = ended.json["error"]
    assert {problem["path"]: problem["nearest"] for problem in error["problems"]} == {
        "run_name": None,
        "priorty": "priority",
    }
    assert error["exit"] == 2


def test_unknown_field(mosaic: Any) -> None:
    refused(mosaic("train", "cleanrl", "--set", "learning_rat=1e-3"), "learning_rat", "did you mean 'learning_rate'?")


def test_faults_of_options_and_settings_are_shown_together(mosaic: Any) -> None:
    ended = mosaic("train", "cleanrl", "--algo", "pppo", "--set", "gama=1", "--set", "num_envs=0")
    refused(ended, "--algo", "gama", "num_envs", "mosaic workers describe cleanrl")


def test_environment_that_gymnasium_does_not_know(mosaic: Any) -> None:
    refused(mosaic("train", "random", "--env", "CartPole-v9"), "env_id", "CartPole-v9")


def test_run_that_does_not_exist(mosaic: Any) -> None:
    for command in (["runs", "show"], ["runs", "logs"], ["runs", "verify"], ["runs", "watch"], ["runs", "cancel"],
                    ["runs", "reindex"], ["runs", "delete"], ["resume"], ["evaluate"]):  # fmt: skip
        refused(mosaic(*command, "01ARZ3NDEKTSV4RRFFQ69G5FAV"), "no run '01ARZ3NDEKTSV4RRFFQ69G5FAV'", "mosaic ")
    refused(mosaic("runs", "show", "latest"), "no run 'latest'")


def test_worker_that_fails_to_import(script: Any) -> None:
    refused(script("train", "broken"), "worker broken is broken", "a_package_that_is_not_installed")


@pytest.fixture
def taken_port() -> Any:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def test_port_taken_by_something_else(mosaic: Any, living: Any, taken_port: int) -> None:
    refused(mosaic("daemon", "start", "--port", str(taken_port)), f"port {taken_port} is taken", "--port 0")
    setting = {"MOSAIC_DAEMON_PORT": str(taken_port)}
    refused(mosaic("train", "random", "--steps", "10", "--no-check", **setting), f"port {taken_port} is taken")
    assert not living()


@pytest.mark.parametrize("place", ["/proc/mosaic", "/dev/null/mosaic"])
def test_home_that_cannot_be_written(mosaic: Any, place: str) -> None:
    refused(mosaic("train", "random", "--steps", "10", "--home", place), "home", place, "--home DIR")
    assert not Path(place).exists()


def test_home_that_is_a_file(mosaic: Any, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("")
    refused(mosaic("train", "random", "--home", str(path)), "not a folder", str(path))


def test_a_home_that_does_not_exist_is_not_made_for_a_mistake(mosaic: Any, tmp_path: Path) -> None:
    refused(mosaic("train", "random", "--set", "total_step=5", "--home", str(tmp_path / "new")), "total_step")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("seeds", ["", "a", "5-1", "1-", "1,,2", "-3", "1-99999", "99999999999", "1,1", "1-3,2"])
def test_seeds_that_cannot_be_read(mosaic: Any, seeds: str) -> None:
    refused(mosaic("train", "random", f"--seeds={seeds}"), "--seeds")


def test_seed_beside_seeds(mosaic: Any) -> None:
    refused(mosaic("train", "random", "--seed", "1", "--seeds", "1-3"), "exclude each other")


def test_follow_beside_json(mosaic: Any) -> None:
    ended = mosaic("runs", "logs", "latest", "-f", "--json")
    assert ended.code == 2
    assert "exclude each other" in ended.json["error"]["what"]


def test_a_dry_run_starts_nothing(mosaic: Any, living: Any) -> None:
    ended = mosaic("train", "random", "--steps", "10", "--seeds", "1-2", "--dry-run", "--json")
    assert ended.code == 0
    assert [entry["valid"] for entry in ended.runs] == [True, True]
    assert len({entry["digest"] for entry in ended.runs}) == 2
    assert not living()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--env", "CartPole-v1", "--set", "env_id=Acrobot-v1"], "--env says 'CartPole-v1'"),
        (["--steps", "10", "--set", "total_steps=20"], "--steps says 10"),
        (["--seed", "1", "--set", "seed=2"], "--seed says 1"),
        (["--seeds", "1-3", "--set", "seed=2"], "--seeds says '1-3'"),
        (["--set", "episodes=1", "--set", "episodes=2"], "is set twice"),
        (["--worker-id", "a", "--set", "worker_id=b"], "name the worker twice"),
        (["--steps", "1.5"], "not a whole number"),
        (["--steps", "0"], "below the least"),
        (["--steps", "1e30"], "not a whole number"),
    ],
)
def test_what_contradicts_itself_or_is_no_number(mosaic: Any, words: list[str], told: str) -> None:
    refused(mosaic("train", "random", *words), told)


def test_steps_as_people_write_them(mosaic: Any) -> None:
    for steps in ("1e5", "100_000", "100000", "1.0e+5"):
        ended = mosaic(
            "train", "random", "--steps", steps, "--set", "env_kwargs.level=007", "--dry-run", "--no-check", "--json"
        )
        config = ended.runs[0]["config"]["metadata"]["worker"]["config"]
        assert (config["total_steps"], config["env_kwargs"]) == (100_000, {"level": "007"})
