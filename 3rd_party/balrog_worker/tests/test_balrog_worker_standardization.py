"""The worker is what MOSAIC expects of one; none of this needs its libraries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from form_rules import FormRules

from balrog_worker import BalrogWorkerConfig, get_worker_metadata, load_worker_config
from balrog_worker.errors import without_key
from balrog_worker.prompts import Turn, action_schema, build_prompt, system_prompt
from balrog_worker.replies import find_action
from balrog_worker.sdk import ConfigError
from balrog_worker.spending import Spending


def test_config_is_a_worker_config(tmp_path: Path) -> None:
    config = BalrogWorkerConfig(run_id="r", seed=3)
    assert BalrogWorkerConfig.from_dict(json.loads(config.to_json())) == config
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"metadata": {"worker": {"config": {"run_id": "r", "seed": 3}}}}))
    assert load_worker_config(path) == config
    assert FormRules(BalrogWorkerConfig).faults() == []
    assert get_worker_metadata()[1].worker_type == "balrog"


@pytest.mark.process
def test_describing_the_worker_imports_no_library(tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "for name in ('openai', 'gymnasium', 'minigrid', 'textworld', 'nle', 'crafter', 'numpy'):\n"
        "    sys.modules[name] = None\n"
        "import balrog_worker, balrog_worker.cli, balrog_worker.runtime\n"
        "balrog_worker.get_worker_metadata()\n"
        "balrog_worker.cli.main(['--schema'])\n"
    )
    path = os.pathsep.join([str(Path(__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["properties"]["agent"]["default"] == "naive"


@pytest.mark.parametrize(
    ("values", "path", "near"),
    [
        ({"agnet": "naive"}, "agnet", "agent"),
        ({"api_key": "sk-abc"}, "api_key", None),
        ({"agent": "navie"}, "agent", "naive"),
        ({"episodes": 0}, "episodes", None),
        ({"mode": "resume"}, "checkpoint_path", None),
        ({"base_url": "127.0.0.1"}, "base_url", None),
        ({"base_url": "https://user:secret@host/v1"}, "base_url", None),
        ({"redact": ["("]}, "redact[0]", None),
        ({"max_cost": 2.0}, "max_cost", None),
        ({"steps": "episodes:0"}, "steps", None),
        ({"env_id": ""}, "env_id", None),
        ({"run_id": ""}, "run_id", None),
    ],
)
def test_wrong_settings_are_refused(values: dict[str, Any], path: str, near: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        BalrogWorkerConfig.from_dict({"run_id": "r", **values})
    assert [problem.path for problem in caught.value.problems] == [path]
    assert near is None or caught.value.problems[0].nearest == near
    assert "sk-abc" not in str(caught.value)
    assert "secret" not in str(caught.value)


ACTIONS = ("turn left", "turn right", "go forward", "go", "pick up")


@pytest.mark.parametrize(
    ("reply", "action"),
    [
        ("go forward", "go forward"),
        (" Go_Forward.\n", "go forward"),
        ("**turn left**", "turn left"),
        ("I will go forward now.", "go forward"),
        ("go", "go"),
        ("I could turn left, but ACTION: turn right", "turn right"),
        ("ACTION: turn left\nACTION: pick up", "pick up"),
        ("ACTION: turn left, of course", "turn left"),
        ('{"thoughts": "turn left?", "action": "pick up"}', "pick up"),
        ('```json\n{"action": "Pick Up"}\n```', "pick up"),
        ("<think>turn left</think>go", "go"),
        ("turn left or turn right", None),
        ('{"action": "fly"}', None),
        ("ACTION: fly", None),
        ("gone", None),
        ("", None),
        ("{" * 50, None),
    ],
)
def test_actions_in_replies(reply: str, action: str | None) -> None:
    assert find_action(reply, ACTIONS) == action


def test_prompts() -> None:
    system = system_prompt("Rules.", ACTIONS, reasons=True, reply_format="text")
    assert "ACTION: " in system
    assert "turn left, turn right" in system
    turns = [Turn("see a", "go"), Turn("see b", "pick up")]
    prompt = build_prompt(system, [turns], turns[1:], "see c", reasons=True, reply_format="text")
    assert [message["role"] for message in prompt] == ["system", *["user", "assistant"] * 3, "user"]
    assert prompt[1]["content"] == "Example 1. see a"
    assert prompt[2]["content"] == "ACTION: go"
    pictured = build_prompt("s", [], [], "see", reasons=False, reply_format="text", image_url="data:x")
    assert pictured[-1]["content"][1] == {"type": "image_url", "image_url": {"url": "data:x"}}
    schema = action_schema(ACTIONS, reasons=True)["json_schema"]["schema"]
    assert list(schema["properties"]) == ["thoughts", "action"]
    assert schema["properties"]["action"]["enum"] == list(ACTIONS)


@pytest.mark.parametrize("values", [{"agent": "random"}, {"price_input": 1.0}, {"price_output": 1.0}])
def test_a_budget_that_can_be_reached_or_is_not_used(values: dict[str, Any]) -> None:
    assert BalrogWorkerConfig(run_id="r", max_cost=2.0, **values).max_cost == 2.0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Incorrect API key provided: sk-test-*************ball.", "Incorrect API key provided: ***."),
        ("key=sk-test-0123...", "key=***"),
        ("Your api key: ****ball is invalid", "Your api key: *** is invalid"),
        ("whole: sk-test-0123456789-red-ball", "whole: ***"),
        ("You see a red ball; the test is to pick up the ball. sk-test-", None),
        ("|....ba.l|  go on... ball", None),
        ("*** and ....", None),
    ],
)
def test_keys_are_hidden_and_nothing_else(monkeypatch: pytest.MonkeyPatch, text: str, shown: str | None) -> None:
    monkeypatch.setenv("MY_KEY", "sk-test-0123456789-red-ball")
    config = BalrogWorkerConfig(run_id="r", api_key_variable="MY_KEY")
    assert without_key(text, config) == (text if shown is None else shown)


def test_spending() -> None:
    config = BalrogWorkerConfig(run_id="r", price_input=2.0, price_output=8.0, max_cost=0.001)
    spending = Spending(config)
    assert spending.metrics() == {}
    spending.add(tokens_in=100, tokens_out=50, latency_s=0.5, retries=1)
    assert spending.cost == pytest.approx(0.0006)
    assert spending.exhausted == ""
    again = Spending(config)
    again.restore(spending.to_dict())
    again.add(tokens_in=100, tokens_out=50, latency_s=0.5, retries=0)
    assert "max_cost" in again.exhausted
