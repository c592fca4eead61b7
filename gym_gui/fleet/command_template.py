"""Command templates: how a program outside MOSAIC is started with an assignment's config."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence

from gym_gui.core.worker.errors import UsageError, nearest

#: By name.
TEMPLATES: Mapping[str, str] = {
    "goliat": "{python} -m goliat study {config}",
    "goliat-cli": "goliat study {config}",
    "goliat-module": "{python} -m cli study {config}",
}
#: What stands in a run config for what only the place of execution knows (:mod:`gym_gui.workers.command`).
_LATER = {"config": "${config}", "python": "${python}"}
_PLACEHOLDER = re.compile(r"\{([a-z_]*)\}")
_NAMES = ("config", "python", "index", "seed")


def template_words(text: str) -> list[str]:
    """Return the words of a template, given by its name or as a command line.

    Args:
        text: As the user wrote it.

    Raises:
        UsageError: It is empty, has quotes that are not closed, a placeholder that is unknown, or no ``{config}``.
    """
    line = TEMPLATES.get(text.strip(), text)
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise _wrong(f"the command {text!r} cannot be read: {error}", "close the quotes") from None
    if len(words) == 1 and not _PLACEHOLDER.search(words[0]):
        near = nearest(words[0], TEMPLATES)
        meant = f"; did you mean {near!r}?" if near else ""
        raise _wrong(f"{text!r} is neither a known command template nor a command with {{config}}{meant}", _known())
    unknown = next((name for word in words for name in _PLACEHOLDER.findall(word) if name not in _NAMES), None)
    if unknown is not None:
        near = nearest(unknown, _NAMES)
        meant = f"; did you mean {{{near}}}?" if near else ""
        raise _wrong(
            f"the command has an unknown placeholder {{{unknown}}}{meant}",
            f"known: {', '.join(f'{{{name}}}' for name in _NAMES)}",
        )
    if not any("{config}" in word for word in words):
        raise _wrong(f"the command {text!r} does not say where the config goes", "add {config}: its file's path")
    return words


def command_words(words: Sequence[str], *, index: int, seed: int | None) -> list[str]:
    """Return one assignment's command: index and seed are filled in, config and interpreter where it is executed.

    Args:
        words: Those of a template.
        index: The assignment's, from 0.
        seed: Its seed.

    Raises:
        UsageError: The template has ``{seed}``, and there is none.
    """
    if seed is None and any("{seed}" in word for word in words):
        raise _wrong("the command has {seed}, but the config has no seed", "name seeds: --seeds 1-8")
    filled = {**_LATER, "index": str(index), "seed": str(seed)}
    return [_PLACEHOLDER.sub(lambda found: filled.get(found[1], found[0]), word) for word in words]


def _known() -> str:
    return f"name one of {', '.join(TEMPLATES)}, or write a command, such as 'python train.py {{config}}'"


def _wrong(what: str, next_step: str) -> UsageError:
    return UsageError(what, where="--command", next_step=next_step)
