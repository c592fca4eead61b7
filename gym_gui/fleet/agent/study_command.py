"""The command of a study on this machine: words with a place for the path of the config."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Sequence

#: Where the path of the config goes, and this machine's Python.
CONFIG, PYTHON = "{config}", "{python}"
#: Commands by name.
COMMANDS = {
    "goliat": "{python} -m goliat study {config}",
    "goliat-cli": "goliat study {config}",
    "goliat-module": "{python} -m cli study {config}",
}
#: The command of a study where no other is named.
DEFAULT_COMMAND = (PYTHON, "-m", "goliat", "study", CONFIG)


def parse_command(text: str, windows: bool = os.name == "nt") -> list[str]:
    """Return the words of a command.

    Args:
        text: Its name, or the command line; empty: the default.
        windows: A backslash is a part of a path.

    Raises:
        ValueError: Quotes are not closed, or it does not say where the config goes.
    """
    if not text.strip():
        return list(DEFAULT_COMMAND)
    line = COMMANDS.get(text.strip(), text)
    words = shlex.split(line, posix=not windows)
    if windows:  # quotes stay around words there
        words = [word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word for word in words]
    if not any(CONFIG in word for word in words):
        raise ValueError(
            f"{text!r} does not say where the config goes: name one of {', '.join(COMMANDS)}, or add {CONFIG}"
        )
    return words


def fill_command(words: Sequence[str], config: str) -> list[str]:
    """Return the command with the path of a config in it, and its program found on the ``PATH``.

    Args:
        words: Those of the command.
        config: Path of the config.
    """
    filled = [word.replace(CONFIG, config).replace(PYTHON, sys.executable) for word in words]
    return [shutil.which(filled[0]) or filled[0], *filled[1:]]  # Windows: goliat is goliat.exe or goliat.cmd
