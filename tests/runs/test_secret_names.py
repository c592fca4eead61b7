from __future__ import annotations

import pytest

from gym_gui.runs.secret_names import is_secret_name


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
