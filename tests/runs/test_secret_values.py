from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gym_gui.core.worker.errors import ConfigError, Problem
from gym_gui.runs.config import run_config_problems, validate_train_run_config
from gym_gui.runs.secret_values import MARK, Secrets, take_from_environment

SECRETS = st.text("abcdefghijklmnop0123456789-/", min_size=8, max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
    max_leaves=6,
)


def payload(config: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"run_name": "a", "metadata": {"worker": {"worker_id": "tiny", "config": config or {}}}, **more}


@given(SECRETS, SECRETS, JSON, JSON)
def test_no_secret_is_on_record(one: str, other: str, config: Any, ui: Any) -> None:
    submitted = payload(
        {"llm": {"apiKey": one, "hosts": [f"https://x:{one}@y", config]}, "size": config},
        environment={"MY_PIN": other, "NOTE": f"<{one}>"},
        secrets=["MY_PIN"],
        notes=f"{one} and {other}",
        tags=[f"t{one}"],
    )
    submitted["metadata"]["ui"] = {"draft": {"api_key": one}, "seen": [other, ui]}
    before = copy.deepcopy(submitted)
    config_ = validate_train_run_config(submitted)
    record = json.dumps(config_.payload)
    assert one not in record
    assert other not in record
    assert submitted == before
    again = validate_train_run_config(config_.payload)
    assert (again.payload, again.digest) == (config_.payload, config_.digest)
    assert config_.workers[0].config["llm"]["apiKey"] == one
    assert config_.secrets.environment(config_.environment) == submitted["environment"]


def test_the_digest_does_not_know_them() -> None:
    def digest(key: str | None, pin: int | None) -> str:
        config: dict[str, Any] = {"depth": 3} if key is None else {"depth": 3, "llm": {"api_key": key}}
        named: dict[str, Any] = {} if pin is None else {"secrets": ["pin"]}
        return validate_train_run_config(payload(config if pin is None else {**config, "pin": pin}, **named)).digest

    assert digest("sk-11111111", None) == digest("sk-22222222", None)
    assert digest(None, 1234) == digest(None, 4321) == digest(None, None)


@pytest.mark.parametrize("url", ["postgres://u:p@h/db", "https://ghp_1@h", "https://h/?token=abc"])
def test_an_address_with_a_password_is_a_secret_whatever_its_name(url: str) -> None:
    submitted = payload({"db": {"url": url}}, environment={"DATABASE_URL": url}, notes=f"see {url}")
    config = validate_train_run_config(submitted)
    assert config.payload["environment"] == {"DATABASE_URL": MARK}
    assert config.payload["metadata"]["worker"]["config"]["db"] == {"url": MARK}
    assert url not in json.dumps(config.payload)
    assert config.secrets.environment(config.environment) == {"DATABASE_URL": url}
    assert config.secrets.hide_arguments(["--set", f"db={url}", f"--url={url}"]) == config.secrets.hide_arguments(
        config.secrets.hide_arguments(["--set", f"db={url}", f"--url={url}"])
    )
    assert url not in " ".join(config.secrets.hide_arguments(["--set", f"db={url}", f"--url={url}"]))
    problems = run_config_problems({**submitted, "arguments": ["--url", url]})
    assert [problem.path for problem in problems] == ["arguments"]


def test_numbers_and_switches_are_secrets_only_by_name() -> None:
    secrets = Secrets(payload({}, secrets=["pin"]))
    value = {"pin": 1234, "auth_token": 7, "max_tokens": 5, "api_key": "", "password": None, "credentials": {"u": "x"}}
    assert secrets.hide(value) == {
        "pin": MARK, "auth_token": 7, "max_tokens": 5, "api_key": "", "password": None, "credentials": {"u": MARK},
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [
        ["--api-key", "abc"],
        ["--api-key=abc"],
        ["API_KEY=abc", "./train.sh"],
        ["--set", "llm.api_key=abc"],
        ["-c", "curl -H sk-12345678"],
    ],
)
def test_arguments_may_hold_none(arguments: list[str]) -> None:
    submitted = {
        "run_name": "a", "entry_point": "train", "arguments": arguments,
        "environment": {"MY_KEY": "x", "TOKEN": "sk-12345678"},
    }  # fmt: skip
    (problem,) = run_config_problems(submitted)
    assert problem.path == "arguments"
    assert problem.value is None
    assert "abc" not in str(problem)


def test_command_lines_are_hidden_word_by_word() -> None:
    secrets = Secrets(payload({"api_key": "sk-12345678"}))
    line = ["mosaic", "train", "x", "--set", "api_key=other", "--tag", "token", "--auth-token", "t", "--steps", "5"]
    assert secrets.hide_arguments(line) == [
        "mosaic", "train", "x", "--set", f"api_key={MARK}", "--tag", "token", "--auth-token", MARK, "--steps", "5",
    ]  # fmt: skip
    assert secrets.hide_arguments(["--url=https://sk-12345678@x", "--secret", "--yes"]) == [
        f"--url=https://{MARK}@x",
        "--secret",
        "--yes",
    ]


def test_names_of_nothing_are_errors() -> None:
    problems = run_config_problems(payload({"pin_code": 1}, secrets=["pin_cod", "seed", "WORKER_ID"]))
    assert [problem.path for problem in problems] == ["secrets[0]", "secrets[1]", "secrets[2]"]
    assert problems[0].nearest == "pin_code"


def test_a_fault_of_a_secret_does_not_tell_it() -> None:
    with pytest.raises(ConfigError) as raised:
        validate_train_run_config(
            payload(environment={"API_KEY": "sk-1\0", "B": ["sk-12345678"], "TOKEN": "sk-12345678"})
        )
    assert "sk-1" not in str(raised.value)
    assert "sk-1" not in json.dumps([problem.to_dict() for problem in raised.value.problems])
    secrets = Secrets(payload({}))
    hidden = secrets.hide_problem(Problem("metadata.worker.config.api_key", "is 'ab', no URL", value="ab"))
    assert (hidden.message, hidden.value) == (f"is '{MARK}', no URL", MARK)


def test_values_are_taken_from_the_submitters_environment() -> None:
    submitted = payload(
        {"llm": {"api_key": MARK}, "other": [MARK]},
        environment={"A": "1", "DB_PASSWORD": MARK},
        secrets=["HF_HOME", "A"],
    )
    before = copy.deepcopy(submitted)
    filled = take_from_environment(submitted, {"API_KEY": "k", "DB_PASSWORD": "p", "HF_HOME": "/h", "A": "2"})
    assert filled["environment"] == {"A": "1", "DB_PASSWORD": "p", "HF_HOME": "/h"}
    assert filled["metadata"]["worker"]["config"] == {"llm": {"api_key": "k"}, "other": [MARK]}
    assert submitted == before
    assert take_from_environment(submitted, {}) == submitted
    for odd in (None, [], {"metadata": 3, "environment": [], "secrets": {}}, {"metadata": {"workers": [1]}}):
        assert take_from_environment(odd, {"A": "1"}) == odd
