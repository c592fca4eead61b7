"""What commands that work on many runs have in common: which runs, what became of each, and the question before."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.cli.output import confirm, echo, print_json, say
from gym_gui.core.worker.errors import UsageError

if TYPE_CHECKING:
    from gym_gui.app import Site
    from gym_gui.runs import RunFilter, RunState, RunSummary


def some_runs(site: Site, runs: Sequence[str], wanted: RunFilter, *, among: Sequence[RunState]) -> list[RunSummary]:
    """Return the runs that a command is to work on.

    Args:
        site: Where they are.
        runs: References of the user; empty: all in some states that fit the filter.
        wanted: The filter.
        among: Those states.

    Raises:
        UsageError: Neither a run nor a filter is given, or a run does not exist.
    """
    from gym_gui.analysis import select_runs

    if not runs and not wanted:
        raise UsageError(
            "no runs were named",
            where="command line",
            next_step="name runs (ids, names, latest), or pick them: --tag, --group, --worker, --state",
        )
    with site.runs() as source:
        return select_runs(source, runs, wanted, among=among, home=site.home)


def print_runs(
    home: Path | None,
    runs: Sequence[RunSummary],
    outcome: Callable[[RunSummary], str],
    *,
    as_json: bool,
    dry_run: bool = False,
) -> None:
    """Print what became of each run: a line each, or one JSON document.

    Args:
        home: The home; ``None``: it is on another machine.
        runs: The runs.
        outcome: What became of one, in a few words.
        as_json: Print JSON.
        dry_run: Nothing was done.
    """
    from gym_gui.app import summary_json

    if as_json:
        print_json({"runs": [summary_json(run, home) for run in runs], "dry_run": dry_run})
        return
    for run in runs:
        echo(f"{run.run_id} {outcome(run)}{f' ({run.run_name}, {run.state.value})' if dry_run else ''}")
    if not runs:
        say("no run fits")


def confirm_removal(runs: Sequence[RunSummary], what: str, *, yes: bool) -> bool:
    """Ask whether runs are to be removed, and return the answer.

    Args:
        runs: The runs.
        what: What is to happen, for the question: ``remove … for good``.
        yes: The user has said so already.

    Raises:
        UsageError: There is no terminal to ask on.
    """
    if yes or not runs:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            "removing runs asks first, and there is no terminal to ask on",
            where=", ".join(run.run_id for run in runs[:5]) + (f" and {len(runs) - 5} more" if len(runs) > 5 else ""),
            next_step="add --yes, or look first with --dry-run",
        )
    for run in runs:
        say(f"{run.run_id}  {run.run_name}  {run.state.value}  {run.steps:,} steps")
    which = "this run" if len(runs) == 1 else f"these {len(runs)} runs"
    if confirm(what.format(which)):
        return True
    say("nothing was removed")
    return False
