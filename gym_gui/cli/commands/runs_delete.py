"""``mosaic runs delete``."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import common, dry_run_option, run_filters, some_runs_argument, yes_option
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.app import Site
    from gym_gui.runs import RunFilter


@click.command()
@some_runs_argument
@run_filters(ended=True)
@dry_run_option
@yes_option
@common
@anywhere
def delete(home: Path, runs: tuple[str, ...], wanted: RunFilter, dry_run: bool, yes: bool, as_json: bool) -> int:
    """Remove runs that have ended, with all their files.

    Without RUN: all that have ended and fit the filters. This cannot be undone, unlike archive. A named run that
    has not ended is refused, and then none is removed.
    """
    from gym_gui.analysis import check_deletable
    from gym_gui.cli import exits
    from gym_gui.cli._bulk import confirm_removal, some_runs
    from gym_gui.cli.output import echo, print_json, say
    from gym_gui.runs import TERMINAL_STATES

    site = site_of(home)
    found = some_runs(site, runs, wanted, among=list(TERMINAL_STATES))
    for run in found:
        check_deletable(site.home, run)
    if not dry_run and not confirm_removal(found, "Remove {} for good?", yes=yes):
        return exits.FAILED
    with contextlib.ExitStack() as stack:
        remove = _remover(site, stack) if found and not dry_run else None
        for run in found:
            if remove is not None:
                remove(run.run_id)
            if not as_json:
                echo(f"{'would be removed:' if dry_run else 'removed'} {run.run_id}  {run.run_name}")
    if as_json:
        print_json({"deleted": [run.run_id for run in found], "dry_run": dry_run})
    elif not found:
        say("no run fits")
    return 0


def _remover(site: Site, stack: contextlib.ExitStack) -> Callable[[str], None]:
    """Return the function that removes a run: through the daemon elsewhere, or in the home."""
    if site.home is None:
        return stack.enter_context(site.connect()).delete
    from gym_gui.analysis import delete_run

    return functools.partial(delete_run, site.home)
