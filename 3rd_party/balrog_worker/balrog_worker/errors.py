"""What is wrong with an endpoint, in four parts, without its key."""

from __future__ import annotations

import os
from typing import Any

from .config import BalrogWorkerConfig
from .sdk import MosaicError

HIDDEN = "***"


class EndpointError(MosaicError):
    """A request failed for good.

    Args:
        what: What happened.
        config: Names endpoint, model and the variable of the key.
        why: The likely cause.
        next_step: What to do.
        kind: ``unreachable``, ``slow``, ``rate_limited``, ``refused``, ``nonsense`` or ``no_action``.
    """

    def __init__(self, what: str, config: BalrogWorkerConfig, *, why: str, next_step: str, kind: str) -> None:
        where = f"model {config.model!r} at {config.base_url}"
        super().__init__(what, where=where, why=without_key(why, config), next_step=next_step)
        self.details: dict[str, Any] = {"kind": kind}


def key_of(config: BalrogWorkerConfig) -> str:
    """Return the key of the endpoint; empty without one.

    Args:
        config: Names its variable.
    """
    return os.environ.get(config.api_key_variable, "").strip()


def without_key(text: str, config: BalrogWorkerConfig) -> str:
    """Return a text without the key: endpoints repeat it in their errors.

    Args:
        text: Any text.
        config: Names the key's variable.
    """
    key = key_of(config)
    if not key:
        return text
    text = text.replace(key, HIDDEN)
    # Endpoints also quote the first and last characters.
    return text.replace(f"{key[:8]}", HIDDEN).replace(f"{key[-4:]}", HIDDEN) if len(key) >= 16 else text
