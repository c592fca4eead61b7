"""Structured logging: named constants with stable codes, JSON lines on stderr, filters over them."""

from __future__ import annotations

from gym_gui.logging_config.constant import LogConstant
from gym_gui.logging_config.filters import LogFilter
from gym_gui.logging_config.formatter import JsonLinesFormatter
from gym_gui.logging_config.helpers import LogConstantMixin, log_constant
from gym_gui.logging_config.registry import get_constant_by_code, register_log_constant
from gym_gui.logging_config.setup import configure_logging

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
