"""``mosaic runs verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import common, runs_argument
from gym_gui.cli.output import Styled, echo
from gym_gui.cli.supervised import starts_daemon

if TYPE_CHECKING:
    from gym_gui.telemetry.verify import VerifyReport


@click.command()
@runs_argument
@common
@starts_daemon
def verify(home: Path, runs: tuple[str, ...], as_json: bool) -> int:
    """Recount the raw logs and compare with the database.

    Exit code 1 if the books of a run do not balance, or if printed lines may have been lost.
    """
    from gym_gui.analysis import resolve_run
    from gym_gui.cli import exits
    from gym_gui.cli.output import print_json
    from gym_gui.runs import RunFolder
    from gym_gui.telemetry.verify import verify_run

    ids = list(dict.fromkeys(resolve_run(home, run) for run in runs))
    reports = [(run_id, verify_run(RunFolder.of(home, run_id))) for run_id in ids]
    if as_json:
        print_json({"runs": [report.to_dict() for _, report in reports]})
    else:
        for run_id, report in reports:
            _print(run_id, report)
    good = all(report.ok and not any(log.gaps for log in report.logs) for _, report in reports)
    return exits.COMPLETED if good else exits.FAILED


def _print(run_id: str, report: VerifyReport) -> None:
    if not report.ok:
        echo(f"{run_id}: ", Styled("DIFFERENT", "bold red"))
    elif any(log.gaps for log in report.logs):
        echo(f"{run_id}: ", Styled("INCOMPLETE", "bold yellow"), "; the books of the lines that were read balance")
    else:
        echo(f"{run_id}: ", Styled("the books balance", "green"))
    book = report.ledger
    echo(f"  recounted: {book.lines:,} lines = {book.stored:,} stored + {book.log:,} log + "
               f"{book.quarantined:,} quarantined; {book.records:,} records, {book.dropped:,} dropped, "
               f"{book.sampled:,} sampled")  # fmt: skip
    for log in report.logs:
        same = log.recounted == log.database and not log.problems
        text = f"{log.recounted.lines:,} lines, the database says the same" if same else (
            f"{log.recounted.lines:,} lines, the database says {log.database.lines:,}")  # fmt: skip
        echo(f"  {log.path}{' (compressed)' if log.compressed else ''}: {text}")
        if log.dropped is not None:
            echo(
                "    dropped after a recount had verified the database (artifacts.persist_logs): the lines are"
                f" those counted then, of {log.dropped.bytes:,} bytes, SHA-256 {log.dropped.sha256}"
            )
        if log.unread_bytes:
            echo(f"    {log.unread_bytes:,} bytes are not yet in the database")
        if log.recounted_segments:
            echo(f"    {log.recounted_segments} earlier part(s), kept when the log was renamed, were recounted, too")
        if log.sealed_segments > log.recounted_segments:
            left = log.sealed_segments - log.recounted_segments
            echo(f"    {left} earlier part(s) were truncated or replaced, and cannot be recounted")
        if log.gaps:
            echo(f"    {log.gaps} time(s) printed lines may have been lost before they could be read")
        for problem in log.problems:
            echo(f"    problem: {problem}")
    for problem in report.problems:
        echo(f"  problem: {problem}")
    if not report.ok:
        echo(for_this_home(f"  next: rebuild the database from the logs: mosaic runs reindex {run_id}"))
