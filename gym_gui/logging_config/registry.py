"""Log constants by name and code; those of unknown workers are created on first use."""

from __future__ import annotations

import hashlib
import re
import threading
from typing import Mapping

from gym_gui.logging_config.constant import LogConstant

_lock = threading.Lock()
_by_name: dict[str, LogConstant] = {}
_by_code: dict[str, LogConstant] = {}

_WORKER_NAME = re.compile(r"LOG_(?:MOSAIC_)?WORKER((?:_[A-Z0-9]+)+)")
#: First word of an event's category, after the worker's type (which may have several words).
_CATEGORIES = re.compile(
    "ACTION|AGENT|ANALYTICS|BUFFER|CHECKPOINT|CLUSTER|CONFIG|DEBUG|ENV|EPISODE|ERROR|EVAL|EVALUATION|"
    "HEARTBEAT|LLM|MODEL|MODULE|POLICY|RUN|RUNTIME|STEP|SUBPROCESS|TELEMETRY|TENSORBOARD|TRAINING|TUNE|"
    "VIDEO|WANDB"
)
_LEVEL_OF_WORD = {
    "ERROR": "ERROR",
    "FAILED": "ERROR",
    "CRASHED": "ERROR",
    "WARNING": "WARNING",
    "CANCELLED": "WARNING",
    "SKIPPED": "WARNING",
    "DEBUG": "DEBUG",
    "HEARTBEAT": "DEBUG",
    "STEP": "DEBUG",
}


def register_log_constant(name: str, constant: LogConstant) -> LogConstant:
    """Register a log constant under a name, as an attribute of ``log_constants``.

    Args:
        name: ``LOG_`` and words in capitals.
        constant: The constant; it may have several names.

    Returns:
        The constant.

    Raises:
        ValueError: Another constant has the name or the code.
    """
    if not re.fullmatch(r"LOG(_[A-Z0-9]+)+", name):
        raise ValueError(f"a log constant's name is LOG_ and words in capitals, not {name!r}")
    with _lock:
        other = _by_name.get(name)
        if other is not None and other != constant:
            raise ValueError(f"{name} is already {other.code} ({other.message!r}); choose another name")
        same_code = _by_code.get(constant.code)
        if same_code is not None and same_code != constant:
            raise ValueError(f"{constant.code} already means {same_code.message!r}; choose another code for {name}")
        _by_name[name] = constant
        _by_code[constant.code] = constant
    return constant


def find_code(code: str) -> LogConstant | None:
    """Return the constant with a code, if it is registered."""
    return _by_code.get(code)


def registered() -> Mapping[str, LogConstant]:
    """Return all constants registered so far, by name."""
    with _lock:
        return dict(_by_name)


def find(name: str) -> LogConstant | None:
    """Return the constant with a name, creating one for ``LOG_[MOSAIC_]WORKER_…``."""
    constant = _by_name.get(name)
    match = _WORKER_NAME.fullmatch(name) if constant is None else None
    if match:
        plain = "LOG_WORKER" + match.group(1)
        constant = _by_name.get(plain) or _make(plain, match.group(1)[1:].split("_"))
        for each in dict.fromkeys((plain, name)):
            register_log_constant(each, constant)
    return constant


def _make(name: str, words: list[str]) -> LogConstant:
    """Create a worker's constant from its name alone, equal in every process."""
    split = next((i for i in range(1, len(words)) if _CATEGORIES.fullmatch(words[i])), 1)
    kind, event = words[:split], words[split:]
    level = next((_LEVEL_OF_WORD[word] for word in reversed(event) if word in _LEVEL_OF_WORD), "INFO")
    title = "".join(word.capitalize() for word in kind)
    return LogConstant(
        code="LOGW" + hashlib.sha256(name.encode("ascii")).hexdigest()[:10].upper(),
        level=level,
        message=" ".join([title, "worker", *(word.lower() for word in event)]),
        component="Worker",
        subcomponent=title + "Runtime",
        tags=tuple(dict.fromkeys(("_".join(kind).lower(), "worker", *(word.lower() for word in event)))),
    )
