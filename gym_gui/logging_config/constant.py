"""Log constants: kinds of log records with stable codes."""

from __future__ import annotations

from dataclasses import dataclass, field

LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}


@dataclass(frozen=True)
class LogConstant:
    """One kind of log record, identified by its code.

    Args:
        code: Unique, e.g. ``"LOG431"``; never reused for another one.
        level: Name of the level: DEBUG, INFO, WARNING, ERROR or CRITICAL.
        message: What happened, one sentence without values (they go into the record's ``extra``).
        component: Part of the system, e.g. ``"Worker"``.
        subcomponent: Part of the component, e.g. ``"CleanRLRuntime"``.
        tags: Words to filter by.

    Raises:
        ValueError: The code is empty or the level is unknown.
    """

    code: str
    level: str
    message: str
    component: str
    subcomponent: str
    tags: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.code:
            raise ValueError("a log constant needs a code")
        if self.level not in LEVELS:
            raise ValueError(f"level is one of {', '.join(LEVELS)}, not {self.level!r}")
        object.__setattr__(self, "tags", tuple(self.tags))

    @property
    def levelno(self) -> int:
        """The level as :mod:`logging` numbers it."""
        return LEVELS[self.level]


class Family:
    """Creates the constants of one subcomponent, with common tags.

    Args:
        component: See :class:`LogConstant`.
        subcomponent: See :class:`LogConstant`.
        tags: Tags of all of them.
    """

    def __init__(self, component: str, subcomponent: str, *tags: str) -> None:
        self._component = component
        self._subcomponent = subcomponent
        self._tags = tags

    def __call__(self, number: int, level: str, message: str, *tags: str) -> LogConstant:
        """Return the constant with code ``LOG<number>``."""
        return LogConstant(f"LOG{number}", level, message, self._component, self._subcomponent, (*self._tags, *tags))
