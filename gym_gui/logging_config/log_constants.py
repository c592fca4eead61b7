"""All log constants: ``from gym_gui.logging_config.log_constants import LOG_…``.

Each component has its own module of constants in :mod:`gym_gui.logging_config.components`. Any other name of the form
``LOG_WORKER_{TYPE}_{CATEGORY}[_{DETAIL}]`` is created on first use, with a code that depends on the name alone.
``LOG_MOSAIC_WORKER_…`` is the same constant as ``LOG_WORKER_…``.
"""

from __future__ import annotations

import difflib

from gym_gui.logging_config import registry
from gym_gui.logging_config.components import MODULES
from gym_gui.logging_config.constant import LogConstant
from gym_gui.logging_config.registry import register_log_constant

for _module in MODULES:
    for _name, _value in vars(_module).items():
        if _name.startswith("LOG_"):
            register_log_constant(_name, _value)


def get_constant_by_code(code: str) -> LogConstant | None:
    """Return the registered constant with a code, e.g. ``"LOG431"``."""
    return registry.find_code(code)


def __getattr__(name: str) -> LogConstant:
    constant = registry.find(name) if name.startswith("LOG_") else None
    if constant is None:
        near = difflib.get_close_matches(name, list(registry.registered()), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
    return constant


def __dir__() -> list[str]:
    return sorted({*globals(), *registry.registered()})


__all__ = ["LogConstant", "get_constant_by_code", "register_log_constant"]
