from __future__ import annotations

import io
import json
import logging

import pytest

from gym_gui.core.worker.events import LifecycleEvent, LifecycleEventType
from gym_gui.core.worker.secret_detection import MARK, has_password, hide_passwords, is_secret_name
from gym_gui.core.worker.telemetry import TelemetryEmitter
from gym_gui.logging_config.formatter import JsonLinesFormatter
from gym_gui.logging_config.log_constants import LOG_WORKER_SDK_STARTED


@pytest.mark.parametrize(
    "name",
    ["OPENAI_API_KEY", "api_key", "apiKey", "WANDB_API_KEY", "HF_TOKEN", "token", "authToken", "PASSWORD",
     "db_password", "AWS_SECRET_ACCESS_KEY", "client_secret", "GOOGLE_APPLICATION_CREDENTIALS", "APIKEY", "OPENAI_KEY",
     "DB_PASS", "GITHUB_PAT", "PRIVATE_KEY_PEM", "PGPASSWORD", "SSHPASS", "MYSQL_PWD", "pwd", "pass", "dbPass",
     "AZURE_STORAGE_CONNECTION_STRING", "githubtoken", "SENTRY_KEY", "API_KEY_2", "HF_TOKEN_1", "DB_PASSWORD_PROD",
     "stripe_key", "SLACK_WEBHOOK_URL", "AWS_ACCESS_KEY_ID", "REDISCLI_AUTH", "SECRET_KEY_BASE", "SSH_KEY_B64",
     "TOTALLY_UNKNOWN_KEY", "session_cookie", "MY_JWT", "gitlabPAT", "ENCRYPTION_KEY_V2", "KEY_PEM", "OPENAI_KEY_US",
     "OPENAI_KEY_DEFAULT", "DB_PASS_RO", "GITHUB_PAT_READONLY", "api_token_v2", "REDIS_AUTH", "AUTH_HEADER", "BEARER",
     "authorization", "MY_SECRETS", "GITHUB_TOKENS", "SLACK_WEBHOOK"],
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
        "MONKEY", "BYPASS", "PATH", "num_keys", "NUM_KEYS", "PWD", "OLDPWD", "OLD_PWD", "pad_token",
        "eos_token", "COMPASS", "forward_pass", "pat", "PUBLIC_KEY", "SORT_KEY", "obs_key", "reward_key",
        "keys", "KEY", "PATTERN", "FILE_PAT", "compass", "hotkey", "keyframe", "author",
        "TOKENIZERS_PARALLELISM", "SSH_AUTH_SOCK", "use_auth", "render_pass", "string", "test",
        "PASSENGERS", "TOKENS", "any_lower_key", "num_tokens", "PROMPT_TOKENS", "PUBLIC_KEY_PEM", "header", "default",
    ],
)  # fmt: skip
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


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("git+https://me:pa55@example.org/a.git@main", "git+https://me:****@example.org/a.git@main"),
        ("lib @ https://ghp_token@example.org/lib.whl", "lib @ https://****@example.org/lib.whl"),
        ("--index-url=http://me:p%40ss@10.0.0.1:80/a --pre", "--index-url=http://me:****@10.0.0.1:80/a --pre"),
        ("ssh://git@example.org/a.git", "ssh://git@example.org/a.git"),
        ("https://store.example/b?se=1&sig=abc%3D", "https://store.example/b?se=1&sig=****"),
        ("https://s3.example/b?X-Amz-Date=1&X-Amz-Signature=ab", "https://s3.example/b?X-Amz-Date=1&X-Amz-Signature=****"),
        ("https://example.org/#access_token=abc&x=1", "https://example.org/#access_token=****&x=1"),
        ("run --with sk-proj-abcdefghijklmnopqrstuv now", "run --with **** now"),
        ("ghp_" + "a1" * 18, "****"),
        ("sk-learn-is-a-library-with-a-long-name", "sk-learn-is-a-library-with-a-long-name"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----\nrest", "****\nrest"),
        ("ssh://git:pa55@example.org/a.git", "ssh://git:****@example.org/a.git"),
        ("git@example.org:a/b.git", "git@example.org:a/b.git"),
        ("https://example.org/a@b:c", "https://example.org/a@b:c"),
        ("lib==1.0", "lib==1.0"),
        ("postgres://u:p@h/db", "postgres://u:****@h/db"),
        ("postgres://u:p@ss@h/db", "postgres://u:****@h/db"),
        ("postgres://u:p/w@h/db", "postgres://u:****@h/db"),
        ("redis://:pw@h", "redis://:****@h"),
        ("mongodb+srv://u:p@h,h2/db?x=1", "mongodb+srv://u:****@h,h2/db?x=1"),
        ("a jdbc:postgresql://u:p@h/d b", "a jdbc:postgresql://u:****@h/d b"),
        ("http://h:8080/a@b", "http://h:8080/a@b"),
        ("https://h/?api_key=abc&x=1#f", "https://h/?api_key=****&x=1#f"),
        ("host=h user=u password=p", "host=h user=u password=****"),
        ("Server=h;Password='a b';Timeout=3", "Server=h;Password=****;Timeout=3"),
        ("AccountName=a;AccountKey=b==;E=c", "AccountName=a;AccountKey=****;E=c"),
        ("lr=1,batch=2", "lr=1,batch=2"),
    ],
)  # fmt: skip
def test_an_address_keeps_all_but_its_password(text: str, shown: str) -> None:
    assert hide_passwords(text) == shown
    assert has_password(text) == (text != shown)
    assert not has_password(shown), "what is hidden stays as it is"
