"""``mosaic study create``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli._completions import complete_executor, complete_worker
from gym_gui.cli._executor_choice import ExecutorChoice
from gym_gui.cli.options import TEXT, common
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.app import Site
    from gym_gui.fleet import StudySpec, StudyState


@click.command()
@click.argument("config", metavar="CONFIG", type=click.Path(path_type=Path))
@click.option("--name", type=TEXT, metavar="TEXT", required=True, help="Name of the study; no other one may have it.")
@click.option("--description", type=TEXT, metavar="TEXT", default="", help="Free text kept with the study.")
@click.option(
    "--worker",
    type=TEXT,
    shell_complete=complete_worker,
    metavar="WORKER",
    default="",
    help="CONFIG has the settings of this worker alone, and is no run config.",
)
@click.option(
    "--command",
    type=TEXT,
    metavar="TEMPLATE",
    default="",
    help="Run this command for each part, like 'python train.py {config} --seed {seed}'; or goliat, goliat-cli,"
    " goliat-module. CONFIG is any JSON object; {config} is the file of the part.",
)
@click.option(
    "--split",
    "splits",
    type=TEXT,
    metavar="KEY[=V,...]",
    multiple=True,
    help="A part for each value: JSON, else text. Keys have dots between names; +KEY adds one. Several: every"
    " combination. Without values the list that CONFIG has there is dealt out (--num-splits).",
)
@click.option("--zip", "paired", is_flag=True, help="Take the values of all --split together: first, second, ...")
@click.option("--num-splits", type=click.IntRange(min=1), metavar="N", help="Deal --split KEY out to N parts.")
@click.option("--seeds", metavar="LIST", help="A part for each seed: 1-5, or 1,4,9.")
@click.option(
    "--weights",
    type=TEXT,
    metavar="LIST",
    default="",
    help="How much each part counts for the progress of the study, like 1,1,4. Default: all the same.",
)
@click.option(
    "--executor",
    type=ExecutorChoice(),
    shell_complete=complete_executor,
    metavar="NAME",
    help="Where the runs are made; by default as CONFIG says.",
)
@click.option("--priority", type=click.IntRange(-100, 100), help="Runs with a higher priority start first.")
@click.option("--tag", "tags", type=TEXT, metavar="TEXT", multiple=True, help="A word for each run; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Check every part and list them; start nothing.")
@common
@anywhere
def create(
    home: Path,
    config: Path,
    name: str,
    description: str,
    worker: str,
    command: str,
    splits: tuple[str, ...],
    paired: bool,
    num_splits: int | None,
    seeds: str | None,
    weights: str,
    executor: str | None,
    priority: int | None,
    tags: tuple[str, ...],
    dry_run: bool,
    as_json: bool,
) -> int:
    """Split a config and submit a run for each part.

    CONFIG is a run config, as `mosaic run` takes it; a key that is not a run config's own is a setting of its worker.
    Every part is checked before anything is submitted. The runs go on without this command.
    """
    from gym_gui.cli._seeds import parse_seeds
    from gym_gui.cli._study_tables import print_study, print_study_json
    from gym_gui.cli.next_steps import for_this_home
    from gym_gui.cli.output import echo, say, waiting
    from gym_gui.fleet import StudySpec, parse_split
    from gym_gui.runs import load_config_file

    spec = StudySpec(
        name=name,
        description=description,
        base_config=load_config_file(config),
        worker=worker,
        command=command,
        splits=[parse_split(text) for text in splits],
        paired=paired,
        num_splits=num_splits,
        seeds=[] if seeds is None else parse_seeds(seeds),
        weights=_weights(weights),
        executor=executor or "",
        priority=priority,
        tags=list(tags),
    )
    state = _create(site_of(home), spec, str(config), dry_run=dry_run, waiting=waiting)
    if as_json:
        print_study_json(state)
        return 0
    if dry_run:
        print_study(state)
        say(f"study {state.name!r}: {state.total} assignments are valid; nothing was submitted")
        return 0
    echo(state.study_id)
    say(f"study {state.name!r}: {state.total} runs are being submitted")
    say(for_this_home(f"follow it: mosaic study show {state.study_id}"))
    return 0


def _create(site: Site, spec: StudySpec, where: str, *, dry_run: bool, waiting: Any) -> StudyState:
    """Let the daemon create a study, or only check it.

    Raises:
        ConfigError: A part of it is not valid; nothing was written.
    """
    from gym_gui.core.worker.errors import ConfigError

    prepared = site.prepare({} if spec.command or spec.worker else spec.base_config)
    given = spec.base_config.get("environment") if not (spec.command or spec.worker) else {}
    known = given if isinstance(given, dict) else {}
    taken = prepared.get("environment")
    secret = {key: value for key, value in taken.items() if known.get(key) != value} if isinstance(taken, dict) else {}
    environment: dict[str, Any] = {"environment": secret} if secret else {}
    if "base_environment" in prepared:
        environment["base_environment"] = prepared["base_environment"]
    with waiting("checking every part of the study"), site.connect() as client:
        try:
            return client.create_study(spec, environment=environment, dry_run=dry_run)
        except ConfigError as error:
            error.where = error.where or where
            raise


def _weights(text: str) -> list[float]:
    """Return the numbers of ``--weights``.

    Raises:
        UsageError: One is not a number.
    """
    from gym_gui.core.worker.errors import UsageError

    try:
        return [float(word) for word in text.split(",")] if text.strip() else []
    except ValueError as error:
        raise UsageError(
            f"--weights {text!r} cannot be read",
            why=str(error),
            where="command line",
            next_step="write one number for each part, such as 1,1,4",
        ) from None
