"""Logs a constant through :mod:`logging`."""

from __future__ import annotations

import logging
from typing import Any, Mapping

from gym_gui.logging_config.constant import LogConstant

#: Attributes of every record: an extra of the same name is only in ``log_extra``.
_TAKEN = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime"})


def log_constant(
    logger: logging.Logger,
    constant: LogConstant,
    *,
    message: str | None = None,
    extra: Mapping[str, Any] | None = None,
    exc_info: Any = None,
    stacklevel: int = 1,
) -> None:
    """Log a constant.

    The record has ``log_code``, ``log_component``, ``log_subcomponent``, ``log_tags`` and ``log_extra``; each extra is
    also an attribute of its own, unless an attribute of that name exists.

    Args:
        logger: The logger (or adapter).
        constant: The constant.
        message: Text in place of the constant's.
        extra: Values; ``run_id`` and ``worker_id`` can be filtered by.
        exc_info: An exception, or as for :mod:`logging`.
        stacklevel: Number of callers to skip for the record's file and line.
    """
    if not logger.isEnabledFor(constant.levelno):
        return
    values = dict(extra or {})
    attributes = {str(name): value for name, value in values.items() if str(name) not in _TAKEN}
    attributes.update(
        log_code=constant.code,
        log_component=constant.component,
        log_subcomponent=constant.subcomponent,
        log_tags=constant.tags,
        log_extra=values,
    )
    text = constant.message if message is None else message
    logger.log(constant.levelno, "%s", text, extra=attributes, exc_info=exc_info or None, stacklevel=stacklevel + 1)


class LogConstantMixin:
    """Adds ``self.log_constant(…)``, through ``self._logger`` or the module's logger."""

    _logger: logging.Logger

    def log_constant(
        self,
        constant: LogConstant,
        *,
        message: str | None = None,
        extra: Mapping[str, Any] | None = None,
        exc_info: Any = None,
    ) -> None:
        """Log a constant; see :func:`log_constant`."""
        logger = getattr(self, "_logger", None) or logging.getLogger(type(self).__module__)
        log_constant(logger, constant, message=message, extra=extra, exc_info=exc_info, stacklevel=2)


__all__ = ["LogConstantMixin", "log_constant"]
