"""Command templates: the command of a study, with places for its config, the Python and the seed."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from .sdk import Problem, nearest

#: By name. The first three are those of MOSAIC's fleet.
TEMPLATES: Mapping[str, str] = {
    "goliat": "{python} -m goliat study {config}",
    "goliat-cli": "goliat study {config}",
    "goliat-module": "{python} -m cli study {config}",
    "practice": "{python} {practice} study {config}",
}
PRACTICE = "practice"
#: The modules that templates start.
MODULES: Mapping[str, str] = {"goliat": "goliat", "goliat-module": "cli"}
_PRACTICE_FILE = Path(__file__).with_name("practice.py")
_PLACES = ("config", "python", "seed", "practice")
_PLACE = re.compile(r"\{([a-z_]*)\}")


def template_words(text: str) -> list[str]:
    """Return the words of a template, given by its name or as a command line.

    Args:
        text: As the user wrote it.

    Raises:
        ValueError: Quotes are not closed, or it has no words.
    """
    words = shlex.split(TEMPLATES.get(text.strip(), text))
    if not words:
        raise ValueError("it is empty")
    return words


def check_command(text: str) -> list[Problem]:
    """Return what is wrong with a template.

    Args:
        text: As the user wrote it.
    """
    known = f"{', '.join(TEMPLATES)}, or a command line with {{config}}"
    try:
        words = template_words(text)
    except ValueError as error:
        return [Problem("command", f"cannot be read: {error}", value=text, allowed=known)]
    if len(words) == 1 and not _PLACE.search(words[0]):
        near = nearest(words[0], TEMPLATES)
        return [Problem("command", "is not a known command template", value=text, allowed=known, nearest=near)]
    for word in words:
        for name in _PLACE.findall(word):
            if name not in _PLACES:
                places = ", ".join(f"{{{place}}}" for place in _PLACES[:-1])
                message = f"has an unknown placeholder {{{name}}}"
                near = nearest(name, _PLACES)
                return [Problem("command", message, value=text, allowed=places, nearest=near and f"{{{near}}}")]
    if not any("{config}" in word for word in words):
        return [Problem("command", "does not say where the config goes", value=text, allowed="{config} in it")]
    return []


def fill_command(text: str, *, config: Path, python: str, seed: int) -> list[str]:
    """Return the words of a study's command.

    Args:
        text: A valid template.
        config: The study's config file.
        python: The interpreter.
        seed: The run's seed.
    """
    values = {"config": str(config), "python": python, "seed": str(seed), "practice": str(_PRACTICE_FILE)}
    return [_PLACE.sub(lambda found: values.get(found[1], found[0]), word) for word in template_words(text)]
