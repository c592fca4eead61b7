"""Options that every command takes: ``--home``, ``--json``, ``--debug``."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import click

from gym_gui.cli._completions import complete_run, complete_worker
from gym_gui.cli._config_completions import complete_group, complete_setting, complete_tag
from gym_gui.cli.where import check_reachable, remember_home
from gym_gui.config.paths import expand_user
from gym_gui.core.worker.errors import UsageError
from gym_gui.runs import RunState


class FreeText(click.types.StringParamType):
    """Text that is no path. What was typed in UTF-8 is read as such, whatever encoding the locale names."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:  # noqa: ARG002
        """Return the text."""
        try:
            return os.fsencode(value).decode("utf-8")
        except UnicodeError:
            return str(value)


TEXT = FreeText()


def set_option(text: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option ``--set``, which gives fields of a worker's config as ``settings``.

    Args:
        text: Its help.
    """
    return click.option(
        "--set", "settings", type=TEXT, shell_complete=complete_setting, metavar="KEY=VALUE", multiple=True, help=text
    )


def _choose_home(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str | None:
    home = None if value is None else str(expand_user(value).absolute())
    if home is not None:
        # Children and every room below read the home from here, so that all of them mean the same one.
        os.environ["MOSAIC_HOME"] = home
    remember_home(home)
    return value


def _choose_debug(_ctx: click.Context, _param: click.Parameter, value: bool) -> bool:
    if value:
        os.environ["MOSAIC_DEBUG_MODE"] = "1"
    return value


home_option = click.option(
    "--home", metavar="DIR", is_eager=True, expose_value=False, callback=_choose_home, type=click.Path(),
    help="Where runs are kept. Default: $MOSAIC_HOME, else the platform's folder for user data.",
)  # fmt: skip
_json_option = click.option(
    "--json", "as_json", is_flag=True,
    help="Print exactly one JSON document on stdout, messages on stderr.",
)  # fmt: skip
_debug_option = click.option(
    "--debug", is_flag=True, is_eager=True, expose_value=False, callback=_choose_debug,
    help="Show the traceback of an unexpected error.",
)  # fmt: skip


def common(function: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that all have; it is called with ``home`` (a path) and ``as_json``."""

    @functools.wraps(function)
    def with_home(*arguments: Any, **options: Any) -> Any:
        from gym_gui.config.paths import mosaic_home

        check_reachable(function)
        home = mosaic_home()
        if home.exists() and not home.is_dir():
            raise UsageError(
                "MOSAIC's home is not a folder",
                where=str(home),
                next_step="name another with --home DIR, or set MOSAIC_HOME",
            )
        return function(*arguments, home=home, **options)

    return home_option(_json_option(_debug_option(with_home)))


worker_argument = click.argument("worker", metavar="WORKER", shell_complete=complete_worker)
run_argument = click.argument("run", metavar="RUN", shell_complete=complete_run)
runs_argument = click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_run)
some_runs_argument = click.argument("runs", metavar="[RUN]...", nargs=-1, shell_complete=complete_run)


def run_filters(*, ended: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add the options that pick runs by what they have in common; the command is called with ``wanted``, a filter.

    Args:
        ended: The command works on runs that have ended, which have an age and a size as well.
    """
    texts = [
        ("--worker", "NAME", "Only runs of this worker."),
        ("--group", "GROUP", "Only runs of this group (one --seeds submission)."),
        ("--tag", "TEXT", "Only runs with this tag."),
        *(_ENDED_FILTERS if ended else ()),
    ]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def with_filter(*arguments: Any, states: tuple[str, ...], **options: Any) -> Any:
            from gym_gui.runs import RunFilter

            kind = RunFilter
            if ended:
                from gym_gui.analysis import EndedRunFilter as kind  # noqa: N813 - a class either way
            parts = {field: options.pop(field) for field in (_field(name) for name, _, _ in texts)}
            wanted = kind(states=tuple(RunState(state) for state in states), **parts)
            return function(*arguments, wanted=wanted, **options)

        command: Callable[..., Any] = with_filter
        for name, metavar, text in reversed(texts):
            complete = _COMPLETED.get(name)
            command = click.option(name, type=TEXT, shell_complete=complete, metavar=metavar, default="", help=text)(
                command
            )
        choice = click.Choice([state.value for state in RunState])
        return click.option("--state", "states", metavar="STATE", type=choice, multiple=True, help=_STATE_HELP)(command)

    return decorate


_ENDED_FILTERS = (
    ("--larger-than", "SIZE", "Only runs with larger files than this, like 500M or 1G."),
    ("--older-than", "AGE", "Only runs that ended longer ago than this, like 12h or 30d."),
)
_COMPLETED = {"--worker": complete_worker, "--group": complete_group, "--tag": complete_tag}
_STATE_HELP = "Only runs in this state; several: in one of them."


def _field(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


dry_run_option = click.option("--dry-run", is_flag=True, help="Only list the runs that would be affected.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Do not ask.")
