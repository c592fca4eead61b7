"""A click group that imports a command's module only when the command is called."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

#: In the contexts' ``meta``: the command line from the command's name on.
ARGUMENTS = "mosaic.arguments"


class LazyGroup(click.Group):
    """A group whose help is known without importing any of its commands.

    Args:
        members: Per command name: ``module:attribute`` of the click command, and its one line of help.
        attributes: What ``click.Group`` takes.
    """

    def __init__(self, *, members: Mapping[str, tuple[str, str]], **attributes: Any) -> None:
        attributes.setdefault("context_settings", {"help_option_names": ["-h", "--help"]})
        super().__init__(**attributes)
        self.members = dict(members)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of all commands, in the order in which help shows them."""
        return list(self.members)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """Import and return a command; ``None`` if there is none of that name."""
        if cmd_name not in self.members:
            return None
        module, _, attribute = self.members[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the list of commands from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.members.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name.

        Raises:
            click.UsageError: There is none; the message holds the nearest name.
        """
        if ctx.parent is None:
            ctx.meta[ARGUMENTS] = list(args)
        name = args[0]
        if name not in self.members and not name.startswith("-") and not ctx.resilient_parsing:
            from gym_gui.core.worker.errors import nearest

            near = nearest(name, self.members)
            others = f"did you mean {near!r}?" if near else f"there are: {', '.join(self.members)}"
            raise click.UsageError(f"there is no command {name!r}; {others}", ctx)
        return super().resolve_command(ctx, args)
