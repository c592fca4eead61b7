"""``mosaic evaluate``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from gym_gui.cli._config_completions import complete_checkpoint
from gym_gui.cli._counts import count_option
from gym_gui.cli.options import common, run_argument, set_option
from gym_gui.cli.overrides import override_options


@click.command()
@run_argument
@count_option("--episodes", metavar="N", help="How many episodes; default: the worker's own.")
@click.option(
    "--checkpoint",
    shell_complete=complete_checkpoint,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Measure this one, not the last: a path, or of this run's its name or step.",
)
@set_option("Another field of the worker's config than in the first run.")
@click.option("--strict", is_flag=True, help="Refuse a checkpoint that was saved with other versions of libraries.")
@override_options
@click.option("--detach", is_flag=True, help="Submit and return at once.")
@click.option("--no-check", is_flag=True, help="Skip the worker's own check of its config.")
@common
def evaluate(
    home: Path,
    run: str,
    episodes: int | None,
    settings: tuple[str, ...],
    checkpoint: Path | None,
    strict: bool,
    overrides: Callable[[dict[str, Any]], dict[str, Any]],
    detach: bool,
    no_check: bool,
    as_json: bool,
) -> int:
    """Measure a run's last checkpoint, as a new run.

    Nothing is learned; the new run's evaluation episodes are kept apart from training episodes.
    """
    from gym_gui.cli._follow_up import follow_up

    return follow_up(home, run, "evaluate", episodes=episodes, settings=settings, checkpoint=checkpoint, strict=strict,
                     overrides=overrides, detach=detach, check=not no_check, as_json=as_json)  # fmt: skip
