"""What is wrong with an endpoint, in four parts, without its key."""

from __future__ import annotations

import os
import re
from typing import Any

from .config import BalrogWorkerConfig
from .sdk import MosaicError

HIDDEN = "***"
#: A word with its middle left out, as endpoints quote keys: ``sk-abcd****wxyz``, ``sk-abcd...``.
_ABBREVIATED = re.compile(r"([\w.+/-]{0,40}?)(?:[*•…]+|\.{2,})([\w+/=-]*)")
_LEAST_PREFIX, _LEAST_SUFFIX = 6, 4


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
    """Return a text without the key, whole or abbreviated: endpoints repeat it in their errors.

    Args:
        text: Any text.
        config: Names the key's variable.
    """
    key = key_of(config)
    if not key:
        return text
    text = text.replace(key, HIDDEN)
    if len(key) < 16:
        return text

    def without(found: re.Match[str]) -> str:
        first, last = found.groups()
        is_key = (len(first) >= _LEAST_PREFIX and key.startswith(first)) or (
            len(last) >= _LEAST_SUFFIX and key.endswith(last)
        )
        return HIDDEN if is_key else found[0]

    return _ABBREVIATED.sub(without, text)
