"""``mosaic runs pause`` and ``mosaic runs unpause``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import TEXT, common, dry_run_option, run_filters, some_runs_argument
from gym_gui.cli.where import anywhere, site_of
from gym_gui.runs import RunState

if TYPE_CHECKING:
    from gym_gui.rpc import TrainerClient
    from gym_gui.runs import RunFilter, RunSummary


@click.command()
@some_runs_argument
@run_filters()
@click.option("--reason", type=TEXT, metavar="TEXT", default="", help="Kept with the run.")
@dry_run_option
@common
@anywhere
def pause(home: Path, runs: tuple[str, ...], wanted: RunFilter, reason: str, dry_run: bool, as_json: bool) -> int:
    """Pause runs until they are unpaused.

    Without RUN: all that are running and fit the filters. All processes of the workers are stopped (SIGSTOP);
    they keep their memory, and time limits do not count meanwhile. Refused if a worker does not support it.
    """
    among = [RunState.STARTING, RunState.RUNNING]
    return _ask(
        home, runs, wanted, among, lambda client, run_id: client.pause(run_id, reason=reason), "is being paused",
        dry_run=dry_run, as_json=as_json,
    )  # fmt: skip


@click.command()
@some_runs_argument
@run_filters()
@dry_run_option
@common
@anywhere
def unpause(home: Path, runs: tuple[str, ...], wanted: RunFilter, dry_run: bool, as_json: bool) -> int:
    """Continue paused runs.

    Without RUN: all that are paused and fit the filters.
    """
    return _ask(
        home, runs, wanted, [RunState.PAUSED], lambda client, run_id: client.unpause(run_id), "goes on",
        dry_run=dry_run, as_json=as_json,
    )  # fmt: skip


def _ask(
    home: Path,
    runs: tuple[str, ...],
    wanted: RunFilter,
    among: list[RunState],
    ask: Callable[[TrainerClient, str], RunSummary],
    answer: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    from gym_gui.cli._bulk import print_runs, some_runs
    from gym_gui.cli.output import say
    from gym_gui.core.worker.errors import MosaicError

    site = site_of(home)
    found = some_runs(site, runs, wanted, among=among)
    if dry_run or not found:
        print_runs(site.home, found, lambda _: f"would be asked: {answer}", as_json=as_json, dry_run=dry_run)
        return 0
    asked: list[RunSummary] = []
    refused: list[MosaicError] = []
    with site.connect() as client:
        for run in found:
            try:
                asked.append(ask(client, run.run_id))
            except MosaicError as error:  # noqa: PERF203 - one that cannot be paused keeps no other from it
                refused.append(error)
    if not refused:
        print_runs(site.home, asked, lambda _: answer, as_json=as_json)
        return 0
    for run in asked:  # the one JSON document is the error's
        say(f"{run.run_id} {answer}")
    for other in refused[1:]:
        say(str(other))
    raise refused[0]
