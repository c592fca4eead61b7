"""``mosaic runs verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import common, runs_argument

if TYPE_CHECKING:
    from gym_gui.telemetry.verify import VerifyReport


@click.command()
@runs_argument
@common
def verify(home: Path, runs: tuple[str, ...], as_json: bool) -> int:
    """Recount the raw logs and compare with the database.

    Exit code 1 if the books of a run do not balance.
    """
    from gym_gui.analysis.queries import resolve_run
    from gym_gui.cli import exits
    from gym_gui.cli.output import print_json
    from gym_gui.runs.folder import RunFolder
    from gym_gui.telemetry.verify import verify_run

    ids = list(dict.fromkeys(resolve_run(home, run) for run in runs))
    reports = [(run_id, verify_run(RunFolder.of(home, run_id))) for run_id in ids]
    if as_json:
        found = [{"run_id": run_id, "ok": report.ok, **report.to_dict()} for run_id, report in reports]
        print_json(found[0] if len(found) == 1 else found)
    else:
        for run_id, report in reports:
            _print(run_id, report)
    return exits.COMPLETED if all(report.ok for _, report in reports) else exits.FAILED


def _print(run_id: str, report: VerifyReport) -> None:
    verdict = (
        click.style("the books balance", fg="green") if report.ok else click.style("DIFFERENT", fg="red", bold=True)
    )
    click.echo(f"{run_id}: {verdict}")
    _print_facts(report.to_dict(), "  ")


def _print_facts(facts: dict[str, Any], indent: str) -> None:
    for name, value in facts.items():
        if isinstance(value, dict):
            click.echo(f"{indent}{name}")
            _print_facts(value, indent + "  ")
        elif isinstance(value, list):
            for item in value:
                click.echo(f"{indent}{name}: {item}")
        elif name not in ("ok", "run_id"):
            click.echo(f"{indent}{name}: {value:,}" if type(value) is int else f"{indent}{name}: {value}")
