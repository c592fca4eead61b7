"""The option that names an executor: its choices are what is installed, looked up only when they are wanted."""

from __future__ import annotations

from typing import Any

import click

from gym_gui.cli.where import is_remote
from gym_gui.core.worker.errors import nearest
from gym_gui.runs import LOCAL_EXECUTOR, executor_names


class ExecutorChoice(click.types.StringParamType):
    """The name of an installed executor."""

    name = "executor"

    @property
    def choices(self) -> list[str]:
        """The names of those that are installed."""
        return executor_names()

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the name; that of a daemon elsewhere is checked there, with the rest of the run config.

        Raises:
            click.BadParameter: No installed package has such an executor.
        """
        if value == LOCAL_EXECUTOR or is_remote():
            return str(value)
        choices = self.choices
        if value not in choices:
            near = nearest(str(value), choices)
            meant = f" Did you mean {near!r}?" if near else ""
            self.fail(f"{value!r} is not one of {', '.join(map(repr, choices))}.{meant}", param, ctx)
        return str(value)
