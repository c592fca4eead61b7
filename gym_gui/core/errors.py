"""Errors in four parts: what happened, where, why, and the next step.

Standard library alone (Python 3.8+): workers raise these too.
"""

from __future__ import annotations

from typing import Any, Iterable, Sequence


class MosaicError(Exception):
    """An error a user can act on.

    Args:
        what: What happened, one sentence.
        where: The run, worker, file or field it happened to.
        why: The likely cause.
        next_step: The command or edit that fixes it.
    """

    #: Exit code of a command that ends with this error.
    exit_code = 1

    def __init__(self, what: str, *, where: str = "", why: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.why = why
        self.next_step = next_step

    def __str__(self) -> str:
        return "\n".join(
            [_part(self.what), *_labelled(where=self.where), *_labelled(why=self.why), *_labelled(next=self.next_step)]
        )


def _labelled(**parts: str) -> list[str]:
    return [_part(text, f"  {label + ':':<7}") for label, text in parts.items() if text]


def _part(text: str, label: str = "") -> str:
    """Return one part of an error, its further lines indented."""
    return label + text.replace("\n", "\n" + " " * (len(label) or 2))


class UsageError(MosaicError):
    """An impossible request of the user; nothing was written."""

    exit_code = 2


class NotFoundError(UsageError):
    """Something that the user named does not exist."""


class Problem:
    """One fault of a config: path, value, allowed values.

    Args:
        path: Dotted path of the field, e.g. ``metadata.worker.config.env_id``.
        message: The fault, one sentence without the path.
        value: The offending value (``None`` if it is missing).
        allowed: The allowed values, in words.
        nearest: The nearest known name, if the fault is an unknown one.
    """

    __slots__ = ("allowed", "message", "nearest", "path", "value")

    def __init__(
        self, path: str, message: str, *, value: Any = None, allowed: str = "", nearest: str | None = None
    ) -> None:
        self.path = path
        self.message = message
        self.value = value
        self.allowed = allowed
        self.nearest = nearest

    def __str__(self) -> str:
        text = f"{self.path}: {self.message}"
        if self.allowed:
            text += f" (allowed: {self.allowed})"
        if self.nearest:
            text += f"; did you mean {self.nearest!r}?"
        return text

    def __repr__(self) -> str:
        return f"Problem({str(self)!r})"

    def to_dict(self) -> dict[str, Any]:
        """Return the fault as a JSON-ready dict."""
        return {key: getattr(self, key) for key in ("path", "message", "value", "allowed", "nearest")}


class ConfigError(UsageError, ValueError):
    """A config with faults, all of which are listed.

    Args:
        what: What happened, e.g. ``"run config is not valid"``.
        problems: Every fault.
        where: The file, if there is one.
        next_step: What to do next.
    """

    def __init__(self, what: str, problems: Sequence[Problem] = (), *, where: str = "", next_step: str = "") -> None:
        super().__init__(what, where=where, next_step=next_step)
        self.problems: list[Problem] = list(problems)

    def __str__(self) -> str:
        problems = [_part(str(problem), "  - ") for problem in self.problems]
        return "\n".join([_part(self.what), *_labelled(where=self.where), *problems, *_labelled(next=self.next_step)])


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """Return the candidate nearest to a mistyped name, ``None`` if none is near.

    Args:
        name: The mistyped name.
        candidates: The existing names.
    """
    import difflib  # here, because every worker imports this module and few need it

    by_key = {candidate.lower(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(name.lower(), list(by_key), n=1, cutoff=0.6)
    return by_key[matches[0]] if matches else None
