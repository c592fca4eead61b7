"""``mosaic runs reindex``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli.options import common, runs_argument


@click.command()
@runs_argument
@common
def reindex(home: Path, runs: tuple[str, ...], as_json: bool) -> int:
    """Rebuild the database from the raw logs.

    The new database takes the old one's place when it is whole. A run that is going is refused.
    """
    from gym_gui.analysis.queries import resolve_run
    from gym_gui.cli.output import jsonable, print_json
    from gym_gui.runs.folder import RunFolder
    from gym_gui.telemetry.reindex import reindex_run

    ids = list(dict.fromkeys(resolve_run(home, run) for run in runs))
    reports = [{"run_id": run_id, **reindex_run(RunFolder.of(home, run_id)).to_dict()} for run_id in ids]
    if as_json:
        print_json(reports[0] if len(reports) == 1 else reports)
        return 0
    for report in reports:
        facts = ", ".join(f"{name} {value}" for name, value in jsonable(report).items() if name != "run_id")
        click.echo(f"{report['run_id']}: rebuilt ({facts})")
    return 0
