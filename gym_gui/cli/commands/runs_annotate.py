"""``mosaic runs tag``, ``rename``, ``note`` and ``star``: what users write about runs after their submission."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import TEXT, common, run_argument, run_filters, some_runs_argument
from gym_gui.cli.where import anywhere, site_of
from gym_gui.core.worker.errors import UsageError

if TYPE_CHECKING:
    from gym_gui.runs import AnnotationChange, RunFilter, RunSummary


@click.command()
@some_runs_argument
@click.option("--add", "added", type=TEXT, metavar="TAG", multiple=True, help="Add this tag; several times.")
@click.option("--remove", "removed", type=TEXT, metavar="TAG", multiple=True, help="Remove this tag; several times.")
@run_filters()
@common
@anywhere
def tag(
    home: Path,
    runs: tuple[str, ...],
    added: tuple[str, ...],
    removed: tuple[str, ...],
    wanted: RunFilter,
    as_json: bool,
) -> int:
    """Add tags to runs, or remove them.

    Without RUN: all that fit the filters. The run's config and its digest stay as they are.
    """
    from gym_gui.runs import AnnotationChange

    if not added and not removed:
        raise UsageError("no tag was given", where="command line", next_step="name one: --add TAG, or --remove TAG")
    change = AnnotationChange(add_tags=list(added), remove_tags=list(removed))
    return _annotate(home, runs, wanted, change, lambda run: f"tags: {', '.join(run.tags) or 'none'}", as_json=as_json)


@click.command()
@run_argument
@click.argument("name", metavar="NAME", type=TEXT)
@common
@anywhere
def rename(home: Path, run: str, name: str, as_json: bool) -> int:
    """Give a run another name; '' gives it back the one that it was submitted with."""
    from gym_gui.runs import AnnotationChange

    return _annotate(
        home, (run,), None, AnnotationChange(name=name), lambda run: f"is {run.run_name!r}", as_json=as_json
    )


@click.command()
@run_argument
@click.argument("text", metavar="TEXT", type=TEXT)
@common
@anywhere
def note(home: Path, run: str, text: str, as_json: bool) -> int:
    """Write notes about a run, in place of those that it has; '-' reads them from stdin, '' removes them."""
    from gym_gui.runs import AnnotationChange

    if text == "-":
        text = sys.stdin.read()
    said = f"has notes of {len(text):,} characters" if text else "has no notes"
    return _annotate(home, (run,), None, AnnotationChange(notes=text), lambda _: said, as_json=as_json)


@click.command()
@some_runs_argument
@click.option("--remove", is_flag=True, help="Take the star away.")
@run_filters()
@common
@anywhere
def star(home: Path, runs: tuple[str, ...], remove: bool, wanted: RunFilter, as_json: bool) -> int:
    """Mark runs with a star; `mosaic runs list -q starred:yes` finds them.

    Without RUN: all that fit the filters.
    """
    from gym_gui.runs import AnnotationChange

    said = "has no star" if remove else "has a star"
    return _annotate(home, runs, wanted, AnnotationChange(starred=not remove), lambda _: said, as_json=as_json)


def _annotate(
    home: Path,
    runs: tuple[str, ...],
    wanted: RunFilter | None,
    change: AnnotationChange,
    outcome: Callable[[RunSummary], str],
    *,
    as_json: bool,
) -> int:
    from gym_gui.cli._bulk import print_runs, some_runs
    from gym_gui.runs import EVERY_RUN, check_change

    check_change(change)
    site = site_of(home)
    found = some_runs(site, runs, EVERY_RUN if wanted is None else wanted, among=())
    changed = []
    if found:
        with site.connect() as client:
            changed = [client.annotate(run.run_id, change) for run in found]
    print_runs(site.home, changed, outcome, as_json=as_json)
    return 0
