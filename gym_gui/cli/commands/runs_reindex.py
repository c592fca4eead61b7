"""``mosaic runs reindex``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli.options import common, runs_argument
from gym_gui.cli.output import echo


@click.command()
@runs_argument
@common
def reindex(home: Path, runs: tuple[str, ...], as_json: bool) -> int:
    """Rebuild the database from the raw logs.

    The new database takes the old one's place when it is whole. An active run is refused.
    """
    import logging

    from gym_gui.analysis import resolve_run
    from gym_gui.cli.output import print_json
    from gym_gui.look import figures
    from gym_gui.proxy import reindex_run
    from gym_gui.runs import RunFolder

    # What was quarantined is counted below; the proxy that indexed it first has logged each kind.
    logging.getLogger("gym_gui.telemetry").addHandler(logging.NullHandler())
    ids = list(dict.fromkeys(resolve_run(home, run) for run in runs))
    reports = [reindex_run(RunFolder.of(home, run_id)) for run_id in ids]
    if as_json:
        print_json({"runs": reports})
        return 0
    for report in reports:
        book = report.ledger
        sums = f"{book.lines:,} lines = {book.stored:,} stored + {book.log:,} log + {book.quarantined:,} quarantined"
        echo(f"{report.run_id}: rebuilt from {figures.size(report.bytes_read)} in {report.logs} logs: {sums}")
        if report.gone:
            echo(f"  rows copied unchanged because their logs are gone: {', '.join(report.gone)}")
        if report.old_decoder not in (None, report.decoder):
            echo(f"  the old database was made by decoder {report.old_decoder}, this one by {report.decoder}: "
                       "rows may differ")  # fmt: skip
    return 0
