"""``--setenv``: variables of the workers, from a command line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from gym_gui.core.worker.errors import UsageError, nearest

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def parse_variables(words: Sequence[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return what ``--setenv`` asks for.

    Args:
        words: ``NAME=VALUE``, or ``NAME`` for the caller's own value.
        environ: The caller's environment.

    Raises:
        UsageError: A word names nothing, a variable that the caller does not have, or one that was set already.
    """
    found: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not name:
            raise _wrong(f"--setenv {word!r} does not name a variable", "write --setenv NAME=VALUE")
        if not _NAME.fullmatch(name):
            raise _wrong(
                f"--setenv {name!r} is not a name that a shell can set",
                "write letters, digits and _, no digit first; other names can be set in `environment` of a run config",
            )
        if name in found:
            raise _wrong(f"--setenv sets {name} twice", "leave one of them out")
        if not equals and name not in environ:
            near = nearest(name, environ)
            hint = f"; did you mean {near}?" if near else ""
            raise _wrong(f"--setenv {name}: you have no such variable{hint}", f"write --setenv {name}=VALUE")
        found[name] = value if equals else environ[name]
    return found


def _wrong(what: str, next_step: str) -> UsageError:
    return UsageError(what, where="command line", next_step=next_step)
