"""``mosaic study list`` and ``mosaic study show``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli._study_completions import study_argument
from gym_gui.cli.options import common
from gym_gui.cli.where import anywhere, site_of


@click.command("list")
@common
@anywhere
def list_(home: Path, as_json: bool) -> int:
    """List studies, the newest first."""
    from gym_gui.cli._study_tables import print_studies
    from gym_gui.cli.next_steps import for_this_home
    from gym_gui.cli.output import print_json, say

    site = site_of(home)
    with site.connect() as client:
        found = client.studies()
    if as_json:
        print_json({"studies": found})
    elif found:
        print_studies(found)
    else:
        create = for_this_home("mosaic study create CONFIG --name NAME --split KEY=V1,V2")
        say(f"no studies in {site.where}; make one: {create}")
    return 0


@click.command()
@study_argument
@click.option("--wide", is_flag=True, help="All columns whole, however long the lines become.")
@common
@anywhere
def show(home: Path, study: str, wide: bool, as_json: bool) -> int:
    """Show how far a study is: counts, weighted progress, and each assignment with its newest run."""
    from gym_gui.cli._study_tables import print_study, print_study_json

    with site_of(home).connect() as client:
        state = client.study(study)
    if as_json:
        print_study_json(state)
    else:
        print_study(state, wide=wide)
    return 0
