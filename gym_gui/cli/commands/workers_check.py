"""``mosaic workers check``."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from gym_gui.cli.jobs import do_there
from gym_gui.cli.options import common, set_option, worker_argument
from gym_gui.cli.output import Styled, echo
from gym_gui.cli.where import anywhere, site_of
from gym_gui.config.paths import expand_user

if TYPE_CHECKING:
    from gym_gui.jobs import JobEvent

_WORDS = {"kept": ("ok", "green"), "skipped": ("-", "")}


@click.command()
@worker_argument
@click.option("--only", metavar="FINDING", multiple=True, help="Check this finding only. May be repeated.")
@click.option("--quick", is_flag=True, help="Skip slow checks, such as resuming.")
@set_option("A field of the worker's config, for every run.")
@common
@anywhere
def check(home: Path, worker: str, only: tuple[str, ...], quick: bool, settings: tuple[str, ...], as_json: bool) -> int:
    """Examine a worker as MOSAIC runs it, and say what to change.

    WORKER is a name, or the folder of a worker's project (./my_worker). Starts it many times in scratch folders: trains
    it shortly, cancels it, kills and resumes it, gives it an environment that does not exist.

    Exit code 0: certified (there may be warnings). 1: an error was found. 2: wrong usage.
    """
    from gym_gui.app import check_here
    from gym_gui.cli import exits
    from gym_gui.cli.output import console, print_json, rich_text, say
    from gym_gui.jobs import CheckOptions

    options = CheckOptions(only=list(only), quick=quick, settings=list(settings))
    site = site_of(home)
    screen = console(stderr=True)
    status: Any = screen.status(rich_text("starting")) if screen.is_terminal else None
    waiting: AbstractContextManager[Any] = status or nullcontext()

    def stage(text: str) -> None:
        if status:
            status.update(rich_text(text + " …"))
        else:
            say(text + " …")

    def event(each: JobEvent) -> None:
        if each.kind == "step":
            stage(each.text)
        elif each.kind == "finding" and not as_json:
            _show(each.data)

    with waiting:
        if site.home is None:
            with site.connect() as client:
                found = do_there(client, "check", worker, msgspec.to_builtins(options), event).result
        else:
            folder = expand_user(worker) if os.sep in worker or worker == "." else None
            found = check_here(
                site.home,
                worker,
                options,
                on_stage=stage,
                on_result=None if as_json else lambda result: _show(result.to_dict()),
                folder=folder,
            ).to_dict()
    if as_json:
        print_json(found)
    else:
        _sum_up(found)
    return exits.COMPLETED if found["certified"] else exits.FAILED


def _show(finding: dict[str, Any]) -> None:
    if finding["outcome"] != "broken":
        word, colour = _WORDS[finding["outcome"]]
        reason = f"  ({finding['seen']})" if finding["seen"] else ""
        echo(Styled(f"{word:<8}", colour), f"{finding['name']}{reason}")
        return
    style = "bold red" if finding["level"] == "error" else "yellow"
    echo(Styled(f"{finding['level']:<8}", style), f"{finding['name']}: {finding['title']}")
    for label, text in (("seen", finding["seen"]), ("change", finding["mend"]), ("docs", finding["docs"])):
        echo(f"{'':8}{label + ':':<8}{text}")


def _sum_up(found: dict[str, Any]) -> None:
    errors, warnings = found["errors"], found["warnings"]
    counts = f"{errors} error{'' if errors == 1 else 's'}, {warnings} warning{'' if warnings == 1 else 's'}"
    part = "" if found["complete"] else "; not everything could be checked"
    word = Styled("certified", "green") if found["certified"] else Styled("not certified", "bold red")
    echo(f"{' '.join(filter(None, (found['worker'], found['version'])))} is ", word, f": {counts}{part}")
    if found["package_hash"]:
        echo(f"package {found['distribution']}, hash {found['package_hash'][:16]}")
