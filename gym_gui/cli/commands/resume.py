"""``mosaic resume``."""

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
@count_option("--steps", metavar="N", help="Steps to take beyond the checkpoint's, like 100000 or 1e5.")
@click.option(
    "--checkpoint",
    shell_complete=complete_checkpoint,
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Begin with this one, not the last: a path, or of this run's its name or step.",
)
@set_option("Another field of the worker's config than in the first run.")
@click.option("--strict", is_flag=True, help="Refuse a checkpoint that was saved with other versions of libraries.")
@override_options
@click.option("--detach", is_flag=True, help="Submit and return at once.")
@click.option("--no-check", is_flag=True, help="Skip the worker's own check of its config.")
@common
def resume(
    home: Path,
    run: str,
    steps: int | None,
    settings: tuple[str, ...],
    checkpoint: Path | None,
    strict: bool,
    overrides: Callable[[dict[str, Any]], dict[str, Any]],
    detach: bool,
    no_check: bool,
    as_json: bool,
) -> int:
    """Continue from a run's last checkpoint, as a new run.

    The new run names the first as its parent; the first stays as it is.
    """
    from gym_gui.cli._follow_up import follow_up

    return follow_up(home, run, "resume", steps=steps, settings=settings, checkpoint=checkpoint, strict=strict,
                     overrides=overrides, detach=detach, check=not no_check, as_json=as_json)  # fmt: skip
