"""``mosaic workers check``."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli._config_completions import complete_setting
from gym_gui.cli.options import common, worker_argument
from gym_gui.cli.output import Styled, echo
from gym_gui.config.paths import expand_user

if TYPE_CHECKING:
    from gym_gui.workers.conformance import Report, RuleResult

_WORDS = {"kept": ("ok", "green"), "skipped": ("-", "")}


@click.command()
@worker_argument
@click.option("--only", metavar="FINDING", multiple=True, help="Check this finding only. May be repeated.")
@click.option("--quick", is_flag=True, help="Skip slow checks, such as resuming.")
@click.option(
    "--set",
    "pairs",
    shell_complete=complete_setting,
    metavar="NAME=VALUE",
    multiple=True,
    help="A setting for every run of the worker.",
)
@common
def check(home: Path, worker: str, only: tuple[str, ...], quick: bool, pairs: tuple[str, ...], as_json: bool) -> int:
    """Examine a worker as MOSAIC runs it, and say what to change.

    WORKER is a name, or the folder of a worker's project (./my_worker). Starts it many times in scratch folders: trains
    it shortly, cancels it, kills and resumes it, gives it an environment that does not exist.

    Exit code 0: certified (there may be warnings). 1: an error was found. 2: wrong usage.
    """
    from gym_gui.cli import exits
    from gym_gui.cli.output import console, print_json, rich_text, say
    from gym_gui.workers import WorkerCatalog, ended_by_signals, parse_settings
    from gym_gui.workers.conformance import check_worker, choose_rules, record_of_project

    choose_rules(only)
    catalog = WorkerCatalog(home, persist=False)
    if os.sep in worker or worker == ".":
        record = record_of_project(expand_user(worker), catalog)
    else:
        record = catalog.get(worker, on_probe=lambda name: say(f"asking worker {name} …"))
    screen = console(stderr=True)
    status: Any = screen.status(rich_text("starting")) if screen.is_terminal else None
    waiting: AbstractContextManager[Any] = status or nullcontext()
    with ended_by_signals(), waiting:
        report = check_worker(
            record,
            settings=parse_settings(pairs, record),
            only=only,
            quick=quick,
            on_stage=lambda text: status.update(rich_text(text + " …")) if status else say(text + " …"),
            on_result=None if as_json else _show,
        )
    if as_json:
        print_json(report.to_dict())
    else:
        _sum_up(report)
    return exits.COMPLETED if report.certified else exits.FAILED


def _show(result: RuleResult) -> None:
    rule = result.rule
    if result.outcome != "broken":
        word, colour = _WORDS[result.outcome]
        reason = f"  ({result.seen})" if result.seen else ""
        echo(Styled(f"{word:<8}", colour), f"{rule.name}{reason}")
        return
    style = "bold red" if rule.level == "error" else "yellow"
    echo(Styled(f"{rule.level:<8}", style), f"{rule.name}: {rule.title}")
    for label, text in (("seen", result.seen), ("change", rule.mend), ("docs", rule.anchor)):
        echo(f"{'':8}{label + ':':<8}{text}")


def _sum_up(report: Report) -> None:
    errors, warnings = len(report.broken("error")), len(report.broken("warning"))
    counts = f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}"
    part = "" if report.complete else "; not everything could be checked"
    word = Styled("certified", "green") if report.certified else Styled("not certified", "bold red")
    record = report.record
    echo(f"{' '.join(filter(None, (record.name, record.version)))} is ", word, f": {counts}{part}")
    if record.package_hash:
        echo(f"package {record.distribution}, hash {record.package_hash[:16]}")
