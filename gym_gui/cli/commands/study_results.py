"""``mosaic study results``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli._study_completions import study_argument
from gym_gui.cli.options import common
from gym_gui.cli.where import anywhere, site_of


@click.command()
@study_argument
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FOLDER|FILE.zip",
    help="Save results.csv, results.json, and the files of each run below its assignment's number.",
)  # fmt: skip
@click.option("--no-files", is_flag=True, help="Save results.csv and results.json alone.")
@common
@anywhere
def results(home: Path, study: str, output: Path | None, no_files: bool, as_json: bool) -> int:
    """Print what each assignment came to, or save it with all files.

    A line for each assignment: what was split, state, steps, episodes, mean return and run of its newest run. Files are
    the manifest that a run left (analytics.json) and all that its workers wrote.
    """
    from gym_gui.app import SavedResults, save_results
    from gym_gui.cli.output import echo, print_json, waiting, write_csv
    from gym_gui.fleet import result_table
    from gym_gui.look import figures

    with site_of(home).connect() as client:
        found = client.study_results(study)
        saved: SavedResults | None = None
        if output is not None:
            with waiting(f"saving the results of {found.name}"):
                saved = save_results(client, found, output, files=not no_files)
    if as_json:
        print_json({"results": found, "saved": saved})
    elif saved is None:
        write_csv(*result_table(found))
    else:
        echo(f"{saved.path}: {len(found.rows)} assignments, {saved.files} files, {figures.size(saved.bytes)}")
    for path, why in ({} if saved is None else saved.failed).items():
        echo(f"not saved: {path}: {why}", err=True)
    return 1 if saved is not None and saved.failed else 0
