"""The command line of a form, read again by the command line's own code."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from form_configs import any_configs, train_configs
from hypothesis import given
from hypothesis import strategies as st
from real_workers import NAMES, record_of

from gym_gui.cli.commands import train as train_module
from gym_gui.cli.commands.train import train
from gym_gui.core.worker.errors import ConfigError
from gym_gui.forms import command_line, from_run_config, make_form, to_run_config
from gym_gui.runs.config import read_run_config
from gym_gui.runs.secret_values import take_from_environment
from gym_gui.workers import WorkerRecord

Parse = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def parse() -> Any:
    """Read a command line as ``mosaic`` does; return the run configs that it would submit."""
    submitted: list[dict[str, Any]] = []

    class Site:
        home = None

        def worker(self, name: str) -> WorkerRecord:
            return record_of(name)

    class Submission:
        def __init__(self, site: Any, payloads: list[dict[str, Any]], **more: Any) -> None:
            submitted.extend(payloads)

        def check(self, **more: Any) -> None:
            pass

        def go(self, **more: Any) -> int:
            return 0

    def read(text: str) -> list[dict[str, Any]]:
        submitted.clear()
        words = shlex.split(text)
        assert words[:2] == ["mosaic", "train"]
        train.main(words[2:], standalone_mode=False)
        return list(submitted)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train_module, "site_of", lambda home: Site())
        patch.setattr("gym_gui.cli.submission.SubmitCommand", Submission)
        patch.setattr("gym_gui.cli.output.waiting", lambda text: nullcontext())
        yield read


def canonical(config: dict[str, Any]) -> Any:
    """Return the config as it would be recorded, and its digest."""
    read, problems = read_run_config(config)
    assert problems == []
    assert read is not None
    return read.payload, read.digest


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_it_starts_the_same_run(name: str, data: st.DataObject, parse: Parse) -> None:
    record = record_of(name)
    form = make_form(record)
    config = data.draw(train_configs(record))
    line = command_line(form, from_run_config(form, config))
    if not line.left_out:
        (parsed,) = parse(line.text)
        assert canonical(parsed) == canonical(config)
    else:
        assert "\\u0000" in json.dumps(config)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_what_it_cannot_say_is_named(name: str, data: st.DataObject, parse: Parse) -> None:
    record = record_of(name)
    form = make_form(record)
    config = data.draw(any_configs(record))
    line = command_line(form, from_run_config(form, config))
    config["metadata"]["worker"]["module"] = config["metadata"]["worker"].get("module") or record.module  # as planned
    wanted, problems = read_run_config(config)
    if problems or wanted is None:
        return
    try:
        (parsed,) = parse(line.text)
    except ConfigError:
        said = None  # a requirement may depend on what is left out
    else:
        said, _ = read_run_config(parsed)
    assert (said is not None and said.payload == wanted.payload) == (not line.left_out)


def test_options_of_their_own_and_quotes() -> None:
    form = make_form(record_of("cleanrl"))
    values = {
        "config.env_id": "CartPole-v1", "config.algo": "dqn", "config.total_timesteps": "1e5", "seeds": 4,
        "config.learning_rate": 1e-3, "config.hidden_sizes": "64,64", "config.tau": None,
        "config.env_kwargs": {"render mode": "x"}, "run_name": "it's", "tags": "a b, -c", "gpus": 1,
        "resources.memory_mb": 8192, "limits.wall_time_s": 90, "environment": {"OMP_NUM_THREADS": "1"},
    }  # fmt: skip
    line = command_line(form, values)
    assert line.left_out == []
    assert shlex.split(line.text) == [
        "mosaic", "train", "cleanrl", "--seed", "4", "--env", "CartPole-v1", "--algo", "dqn", "--steps", "100000",
        "--set", 'env_kwargs={"render mode": "x"}', "--set", "learning_rate=0.001", "--set", "tau=null",
        "--set", "hidden_sizes=[64, 64]", "--name", "it's", "--tag", "a b", "--tag=-c", "--gpus", "1",
        "--memory", "8192M",
        "--wall-time", "90s", "--setenv", "OMP_NUM_THREADS=1",
    ]  # fmt: skip


def test_secrets_are_left_to_the_shell(parse: Parse, monkeypatch: pytest.MonkeyPatch) -> None:
    form = make_form(record_of("spade_bdi"))
    values = {
        "config.xmpp_password": "hunter2-hunter2",
        "config.env_kwargs": {"api_key": "keykeykey", "size": 4},
        "environment": {"A_TOKEN": "tokentoken", "B": "1"},
        "notes": "logs in with hunter2-hunter2",
    }
    line = command_line(form, values)
    assert not any(secret in line.text for secret in ("hunter2", "keykeykey", "tokentoken"))
    assert line.variables == ["API_KEY", "A_TOKEN", "XMPP_PASSWORD"]
    assert line.left_out == []
    shell = {"API_KEY": "keykeykey", "A_TOKEN": "tokentoken", "XMPP_PASSWORD": "hunter2-hunter2"}
    for name, value in shell.items():
        monkeypatch.setenv(name, value)
    (parsed,) = parse(line.text)
    filled = take_from_environment(parsed, shell)  # as `mosaic train` does before it submits
    wanted = to_run_config(form, values)
    assert filled["metadata"] == wanted["metadata"]
    assert filled["environment"] == wanted["environment"]


def test_fields_that_the_worker_declares_secret_are_left_to_the_shell() -> None:
    schema = {"type": "object", "properties": {"hf_pin": {"type": "string", "x-secret": True}}}
    record = WorkerRecord(
        name="pinned", entry_point="p:f", distribution="p", version="1", python="", module="p.cli", schema=schema
    )
    line = command_line(make_form(record), {"config.hf_pin": "4711-0815-ab"})
    assert "4711" not in line.text
    assert line.variables == ["HF_PIN"]


def test_several_seeds(parse: Parse) -> None:
    form = make_form(record_of("random"))
    values = {"seeds": "1-3", "config.total_steps": 5, "tags": ["x"]}
    line = command_line(form, values)
    assert line.text == "mosaic train random --seeds 1-3 --steps 5 --tag x"
    assert [run["metadata"]["worker"]["config"]["seed"] for run in parse(line.text)] == [1, 2, 3]
    assert canonical(parse(line.text)[0]) == canonical(to_run_config(form, values))


def test_what_holds_anyway_is_not_said() -> None:
    form = make_form(record_of("random"))
    recorded, _ = read_run_config(to_run_config(form, {"config.total_steps": 5}))
    assert recorded is not None
    line = command_line(form, from_run_config(form, recorded.payload))
    assert line.text == "mosaic train random --steps 5"
    assert line.left_out == []
    line = command_line(form, {"limits.heartbeat_timeout_s": 9, "rest": {"metadata": {"ui": {"a": 1}}}})
    assert line.left_out == ["limits.heartbeat_timeout_s", "metadata.ui.a"]
