"""``mosaic run``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gym_gui.cli.options import common
from gym_gui.cli.overrides import override_options


@click.command()
@click.argument("config", metavar="CONFIG.json", type=click.Path(path_type=Path))
@override_options
@click.option("--detach", is_flag=True, help="Submit and return at once; the run goes on without this command.")
@click.option("--dry-run", is_flag=True, help="Check everything, start nothing.")
@click.option("--no-check", is_flag=True, help="Skip the workers' own check of their config.")
@common
def run(
    home: Path,
    config: Path,
    overrides: Callable[[dict[str, Any]], dict[str, Any]],
    detach: bool,
    dry_run: bool,
    no_check: bool,
    as_json: bool,
) -> int:
    """Start a whole run config.

    The file is a JSON object as the page on run configs describes it. All its faults are shown at once.
    """
    from gym_gui.cli.submission import Submission, say_dry_run
    from gym_gui.runs.config_file import load_config_file
    from gym_gui.workers.catalog import WorkerCatalog

    payload = overrides(load_config_file(config))
    submission = Submission(home, WorkerCatalog(home, persist=False), [payload], where=str(config))
    submission.check(dry_run_workers=not no_check)
    if dry_run:
        return say_dry_run(submission, as_json=as_json)
    return submission.go(detach=detach, as_json=as_json)
