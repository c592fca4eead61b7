"""Structured logging: named constants with stable codes, JSON lines on stderr, filters over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gym_gui.logging_config.constant import LogConstant
from gym_gui.logging_config.filters import LogFilter
from gym_gui.logging_config.formatter import JsonLinesFormatter
from gym_gui.logging_config.helpers import LogConstantMixin, log_constant
from gym_gui.logging_config.registry import register_log_constant
from gym_gui.logging_config.setup import configure_logging

if TYPE_CHECKING:
    from gym_gui.logging_config.log_constants import get_constant_by_code

__all__ = [
    "JsonLinesFormatter",
    "LogConstant",
    "LogConstantMixin",
    "LogFilter",
    "configure_logging",
    "get_constant_by_code",
    "log_constant",
    "register_log_constant",
]


def __getattr__(name: str) -> Any:
    if name != "get_constant_by_code":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from gym_gui.logging_config.log_constants import get_constant_by_code  # all constants: on first use

    return get_constant_by_code
