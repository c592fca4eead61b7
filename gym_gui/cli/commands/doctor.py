"""``mosaic doctor``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import common
from gym_gui.cli.output import Styled, echo

_COLOURS = {"ok": "green", "doubtful": "yellow", "broken": "bold red"}


@click.command()
@common
def doctor(home: Path, as_json: bool) -> int:
    """Check this machine and say how to fix problems.

    Looks at Python, libraries, SQLite, the home and its disk, the daemon and its port, and the installed workers.
    Changes nothing. Exit code 1 if something is broken.
    """
    from dataclasses import asdict

    from gym_gui.app import all_checks
    from gym_gui.cli import exits
    from gym_gui.cli.output import print_json

    findings = []
    for finding in all_checks(home):
        findings.append(finding)
        if not as_json:
            detail, *more = finding.detail.split("\n")
            echo(Styled(f"{finding.verdict:<9}", _COLOURS[finding.verdict]), f" {finding.name}: {detail}")
            for line in more:
                echo(f"{'':9} {line}")
            if finding.next_step:
                echo(f"{'':9} next: {for_this_home(finding.next_step)}")
    broken = sum(finding.verdict == "broken" for finding in findings)
    if as_json:
        print_json({"ok": not broken, "findings": [asdict(finding) for finding in findings]})
    else:
        echo(f"{broken} broken" if broken else "nothing is broken")
    return exits.FAILED if broken else exits.COMPLETED
