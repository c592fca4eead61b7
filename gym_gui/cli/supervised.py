"""Commands that show runs start the daemon where runs have not ended and none supervises them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_SHOWN = 3


def starts_daemon(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let a command that shows runs start the daemon where unfinished runs have no supervisor."""

    @click.option("--no-start", is_flag=True, help="Do not start a trainer daemon, even if runs have not ended.")
    @functools.wraps(command)
    def supervised(*arguments: Any, no_start: bool, home: Path, **options: Any) -> Any:
        from gym_gui.cli.where import chosen_remote

        if chosen_remote() is None:
            ensure_supervised(home, start=not no_start)
        return command(*arguments, home=home, **options)

    return supervised


def ensure_supervised(home: Path, *, start: bool = True) -> None:
    """Start a daemon if none runs and runs have not ended; say so where that is not possible.

    Args:
        home: The home.
        start: Whether a daemon may be started.
    """
    from gym_gui.app import ensure_supervised as ensure
    from gym_gui.cli.next_steps import for_this_home
    from gym_gui.cli.output import say, waiting

    found = ensure(home, start=start, waiting=waiting)
    if found is None:
        return
    names = ", ".join(f"{run_id} since {sign}" for run_id, sign in list(found.runs.items())[:_SHOWN])
    names += " …" if len(found.runs) > _SHOWN else ""
    say(f"warning: no process supervises {names}, and no trainer daemon was started ({found.why}): this may be stale")
    say(for_this_home("  next: mosaic daemon start"))
