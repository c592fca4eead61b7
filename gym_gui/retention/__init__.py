"""Retention of the logs and checkpoints of ended runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.retention.checkpoints import has_checkpoints_to_drop
    from gym_gui.retention.logs import are_logs_retained, describe_logs
    from gym_gui.retention.main import compression_threshold
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "are_logs_retained": "logs",
            "compression_threshold": "main",
            "describe_logs": "logs",
            "has_checkpoints_to_drop": "checkpoints",
        },
    )

__all__ = [
    "are_logs_retained",
    "compression_threshold",
    "describe_logs",
    "has_checkpoints_to_drop",
]
