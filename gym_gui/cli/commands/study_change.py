"""``mosaic study retry``, ``cancel`` and ``delete``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli._study_completions import study_argument
from gym_gui.cli.options import TEXT, common, yes_option
from gym_gui.cli.where import anywhere, site_of
from gym_gui.core.worker.errors import UsageError


@click.command()
@study_argument
@click.argument("indices", metavar="[#]...", type=click.IntRange(min=0), nargs=-1)
@common
@anywhere
def retry(home: Path, study: str, indices: tuple[int, ...], as_json: bool) -> int:
    """Run failed and cancelled assignments again.

    '#' is the number of an assignment, as `mosaic study show` prints it; without one all that failed or were cancelled
    are run again. The earlier runs stay visible as attempts.
    """
    from gym_gui.cli._study_tables import print_study_json
    from gym_gui.cli.next_steps import for_this_home
    from gym_gui.cli.output import echo, say

    site = site_of(home)
    with site.connect() as client:
        before = {each.index: len(each.runs) for each in client.study(study).assignments}
        state = client.retry_study(study, indices, environment=site.prepare({}))
    if as_json:
        print_study_json(state)
        return 0
    again = [each for each in state.assignments if len(each.runs) > before.get(each.index, 0)]
    for each in again:
        echo(f"{each.index}  {each.runs[-1].run_id}")
    say(f"study {state.name!r}: {len(again)} {'assignment is' if len(again) == 1 else 'assignments are'} run again")
    say(for_this_home(f"follow it: mosaic study show {state.study_id}"))
    return 0


@click.command()
@study_argument
@click.option("--reason", type=TEXT, metavar="TEXT", default="", help="Kept with the runs.")
@common
@anywhere
def cancel(home: Path, study: str, reason: str, as_json: bool) -> int:
    """Cancel all runs of a study.

    Those that are not submitted yet never are. Runs that have ended stay as they are.
    """
    from gym_gui.cli._study_tables import print_study_json, tiles
    from gym_gui.cli.output import echo

    with site_of(home).connect() as client:
        state = client.cancel_study(study, reason=reason)
    if as_json:
        print_study_json(state)
    else:
        echo(f"study {state.name!r} is being cancelled: {tiles(state)}")
    return 0


@click.command()
@study_argument
@click.option("--runs", is_flag=True, help="Remove its runs with all their files, too.")
@yes_option
@common
@anywhere
def delete(home: Path, study: str, runs: bool, yes: bool, as_json: bool) -> int:
    """Remove a study that has ended.

    Without --runs its runs stay, and still name the study.
    """
    import sys

    from gym_gui.cli import exits
    from gym_gui.cli.output import confirm, echo, print_json, say

    with site_of(home).connect() as client:
        state = client.study(study)
        what = f"study {state.name!r} and its runs" if runs else f"study {state.name!r}"
        if not yes and not sys.stdin.isatty():
            raise UsageError(
                "removing a study asks first, and there is no terminal to ask on",
                where=state.study_id,
                next_step="add --yes",
            )
        if not yes and not confirm(f"Remove {what} for good?"):
            say("nothing was removed")
            return exits.FAILED
        removed = client.delete_study(state.study_id, runs=runs)
    if as_json:
        print_json({"study_id": state.study_id, "runs": removed})
    else:
        echo(f"removed {state.study_id}  {state.name}" + (f" and {removed} runs" if runs else ""))
    return 0
