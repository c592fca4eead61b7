"""Commands that messages suggest: with the ``--home`` that this command was given, which they need too."""

from __future__ import annotations

import re

import click

from gym_gui.cli.where import given_home, given_words

#: Not a command that belongs on another machine, where this one's options mean nothing.
_COMMAND = re.compile(r"(?<!on its machine: )\bmosaic (?P<name>[a-z]+)(?: (?P<sub>[a-z]+))?\b(?! --home)")

_commands: list[click.Group] = []


def remember_commands(root: click.Group) -> None:
    """Take down which commands there are."""
    _commands[:] = [root]


def for_this_home(text: str) -> str:
    """Return a text whose commands name the home or the daemon that this command was given on its command line.

    What comes from the environment, a context in use or is the default, the next command finds by itself.

    Args:
        text: With whole commands in it, such as ``list the runs: mosaic runs list``.
    """
    if not given_home() and not given_words():
        return text
    return _COMMAND.sub(_with_home, text)


def _with_home(found: re.Match[str]) -> str:
    words = ["mosaic"]
    group: click.Command | None = _commands[0] if _commands else None
    for word in (found["name"], found["sub"]):
        if not isinstance(group, click.Group) or word not in group.list_commands(click.Context(group)):
            break
        words.append(word)
        group = group.get_command(click.Context(group), word)
    if group is None or isinstance(group, click.Group):
        return found[0]
    import shlex

    home = given_home()
    command = " ".join(words)
    rest = found[0][len(command) :]
    if home:
        return f"{command} --home {shlex.quote(home)}{rest}"
    return f"mosaic {shlex.join(given_words())}{command.removeprefix('mosaic')}{rest}"
