"""``mosaic workers check``."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import common, worker_argument

if TYPE_CHECKING:
    from gym_gui.workers.conformance.report import Report, Verdict

_WORDS = {"kept": ("ok", "green"), "skipped": ("-", None)}


@click.command()
@worker_argument
@click.option("--only", metavar="FINDING", multiple=True, help="Look for this finding only. May be repeated.")
@click.option("--quick", is_flag=True, help="Leave out what takes long, such as resuming.")
@click.option("--set", "pairs", metavar="NAME=VALUE", multiple=True, help="A setting for every run of the worker.")
@common
def check(home: Path, worker: str, only: tuple[str, ...], quick: bool, pairs: tuple[str, ...], as_json: bool) -> int:
    """Examine a worker as MOSAIC runs it, and say what to change.

    WORKER is a name, or the folder of a worker's project (./my_worker). Starts it many times in scratch folders: trains
    it shortly, cancels it, kills and resumes it, gives it an environment that does not exist.

    Exit code 0: certified (there may be warnings). 1: an error was found. 2: wrong usage.
    """
    from gym_gui.cli import exits
    from gym_gui.cli.output import console, print_json, say
    from gym_gui.workers.catalog import WorkerCatalog
    from gym_gui.workers.config import parse_settings
    from gym_gui.workers.conformance.check import check_worker
    from gym_gui.workers.conformance.project import record_of_project
    from gym_gui.workers.conformance.rules import choose_rules

    choose_rules(only)
    catalog = WorkerCatalog(home, persist=False)
    if os.sep in worker or worker == ".":
        record = record_of_project(Path(worker).expanduser(), catalog)
    else:
        record = catalog.get(worker, on_probe=lambda name: say(f"asking worker {name} …"))
    screen = console(stderr=True)
    status: Any = screen.status("starting") if screen.is_terminal else None
    waiting: AbstractContextManager[Any] = status or nullcontext()
    with waiting:
        report = check_worker(
            record,
            settings=parse_settings(pairs, record),
            only=only,
            quick=quick,
            on_stage=lambda text: status.update(text + " …") if status else say(text + " …"),
            on_verdict=None if as_json else _show,
        )
    if as_json:
        print_json(report.to_dict())
    else:
        _sum_up(report)
    return exits.COMPLETED if report.certified else exits.FAILED


def _show(verdict: Verdict) -> None:
    rule = verdict.rule
    if verdict.outcome != "broken":
        word, colour = _WORDS[verdict.outcome]
        reason = f"  ({verdict.seen})" if verdict.seen else ""
        click.echo(f"{click.style(f'{word:<8}', fg=colour)}{rule.name}{reason}")
        return
    colour = "red" if rule.level == "error" else "yellow"
    click.echo(f"{click.style(f'{rule.level:<8}', fg=colour, bold=rule.level == 'error')}{rule.name}: {rule.title}")
    for label, text in (("seen", verdict.seen), ("change", rule.mend), ("docs", rule.anchor)):
        click.echo(f"{'':8}{label + ':':<8}{text}")


def _sum_up(report: Report) -> None:
    errors, warnings = len(report.broken("error")), len(report.broken("warning"))
    counts = f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}"
    part = "" if report.complete else "; not everything was looked at"
    word = (
        click.style("certified", fg="green") if report.certified else click.style("not certified", fg="red", bold=True)
    )
    record = report.record
    click.echo(f"{' '.join(filter(None, (record.name, record.version)))} is {word}: {counts}{part}")
    if record.package_hash:
        click.echo(f"package {record.distribution}, hash {record.package_hash[:16]}")
