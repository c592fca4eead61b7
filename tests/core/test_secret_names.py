from __future__ import annotations

import io
import json
import logging

import pytest

from gym_gui.core.worker.lifecycle import LifecycleEvent, LifecycleEventType
from gym_gui.core.worker.secret_names import MARK, is_secret_name
from gym_gui.core.worker.telemetry import TelemetryEmitter
from gym_gui.logging_config.formatter import JsonLinesFormatter
from gym_gui.logging_config.log_constants import LOG_WORKER_SDK_STARTED


@pytest.mark.parametrize(
    "name",
    ["OPENAI_API_KEY", "api_key", "apiKey", "WANDB_API_KEY", "HF_TOKEN", "token", "authToken", "PASSWORD",
     "db_password", "AWS_SECRET_ACCESS_KEY", "client_secret", "GOOGLE_APPLICATION_CREDENTIALS", "APIKEY"],
)  # fmt: skip
def test_secrets(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "max_tokens",
        "tokenizer",
        "token_limit",
        "key",
        "sort_key",
        "env_id",
        "seed",
        "KEYBOARD",
        "secretary",
        "passes",
    ],
)
def test_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


def test_a_worker_that_tells_its_config_tells_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_SECRETS", "pin,DB")
    sink, records = io.StringIO(), io.StringIO()
    logger = logging.getLogger("secret-test")
    handler = logging.StreamHandler(records)
    handler.setFormatter(JsonLinesFormatter())
    logger.addHandler(handler)
    logger.setLevel("DEBUG")
    emitter = TelemetryEmitter("r", worker_id="w", sink=sink, logger=logger)
    payload = {"config": {"llm": {"api_key": "sk-1"}, "pin": 1234, "size": 3, "tokens": ["a"]}}
    emitter.run_started(payload, constant=LOG_WORKER_SDK_STARTED)
    emitter.emit(LifecycleEvent(LifecycleEventType.HEARTBEAT, "r", 1.0, {"auth_tokens": 5, "token": "sk-1"}))
    logger.removeHandler(handler)
    first, second = (json.loads(line) for line in sink.getvalue().splitlines())
    assert first["payload"]["config"] == {"llm": {"api_key": MARK}, "pin": MARK, "size": 3, "tokens": ["a"]}
    assert second["payload"] == {"auth_tokens": 5, "token": MARK}
    assert "sk-1" not in records.getvalue()
    assert payload["config"]["llm"] == {"api_key": "sk-1"}
