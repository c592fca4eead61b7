"""``mosaic runs pause`` and ``mosaic runs unpause``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import TEXT, common, runs_argument
from gym_gui.cli.output import echo

if TYPE_CHECKING:
    from gym_gui.runs.summary import RunSummary
    from gym_gui.trainer.client import TrainerClient


@click.command()
@runs_argument
@click.option("--reason", type=TEXT, metavar="TEXT", default="", help="Kept with the run.")
@common
def pause(home: Path, runs: tuple[str, ...], reason: str, as_json: bool) -> int:
    """Let runs stand still until they are unpaused.

    All processes of the workers are stopped where they are; they keep their memory, and no time limit counts on.
    Refused where a worker does not say that it can be paused.
    """
    return _ask(home, runs, as_json, lambda client, run_id: client.pause(run_id, reason=reason), "is being paused")


@click.command()
@runs_argument
@common
def unpause(home: Path, runs: tuple[str, ...], as_json: bool) -> int:
    """Let paused runs go on."""
    return _ask(home, runs, as_json, lambda client, run_id: client.unpause(run_id), "goes on")


def _ask(
    home: Path, runs: tuple[str, ...], as_json: bool, ask: Callable[[TrainerClient, str], RunSummary], answer: str
) -> int:
    from gym_gui.analysis.queries import resolve_run
    from gym_gui.cli.output import print_json
    from gym_gui.cli.progress.ending import summary_json
    from gym_gui.trainer.client import TrainerClient

    ids = list(dict.fromkeys(resolve_run(home, run) for run in runs))
    found = []
    with TrainerClient.connect(home) as client:
        for run_id in ids:
            found.append(ask(client, run_id))
            if not as_json:  # at once: the next one may be refused
                echo(f"{run_id} {answer}")
    if as_json:
        print_json([summary_json(run, home) for run in found])
    return 0
