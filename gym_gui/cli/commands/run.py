"""``mosaic run``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gym_gui.cli.options import common
from gym_gui.cli.overrides import override_options
from gym_gui.cli.where import anywhere, site_of


@click.command()
@click.argument("config", metavar="CONFIG.json", type=click.Path(path_type=Path))
@override_options
@click.option("--detach", is_flag=True, help="Submit and return at once; the run continues without this command.")
@click.option("--dry-run", is_flag=True, help="Check everything, start nothing.")
@click.option("--no-check", is_flag=True, help="Skip the workers' own check of their config.")
@common
@anywhere
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
    from gym_gui.cli.output import waiting
    from gym_gui.cli.submission import SubmitCommand
    from gym_gui.runs import load_config_file

    payload = overrides(load_config_file(config))
    command = SubmitCommand(site_of(home), [payload], where=str(config))
    command.check(dry_run_workers=not no_check, waiting=waiting)
    if dry_run:
        return command.say_dry_run(as_json=as_json)
    return command.go(detach=detach, as_json=as_json)
