"""``mosaic workers jobs``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import TEXT, common
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.jobs import Job, JobEvent


@click.command()
@click.option("--watch", type=TEXT, metavar="JOB", help="Show the log of this job, and follow it to its end.")
@click.option("--cancel", type=TEXT, metavar="JOB", help="End this job.")
@common
@anywhere
def jobs(home: Path, watch: str | None, cancel: str | None, as_json: bool) -> int:
    """List the daemon's jobs: installs, removals and checks of workers that it was asked for, and dry runs.

    The dashboard starts them, and so do commands with a daemon elsewhere. A job goes on without the program that
    started it.
    """
    from gym_gui.cli import exits
    from gym_gui.cli.columns import print_columns
    from gym_gui.cli.jobs import follow
    from gym_gui.cli.output import echo, print_json, say
    from gym_gui.core.worker.errors import UsageError
    from gym_gui.runs import to_json_dict

    if watch and cancel:
        raise UsageError(
            "--watch and --cancel exclude each other", where="command line", next_step="leave one of them out"
        )
    with site_of(home).connect() as client:
        if watch:
            job = follow(client, watch, _show)
            if as_json:
                print_json(to_json_dict(job))
            return exits.COMPLETED
        if cancel:
            job = client.cancel_job(cancel)
            if as_json:
                print_json(to_json_dict(job))
            else:
                word = job.state.value if job.state.terminal else "is being cancelled"
                echo(f"job {job.job_id}: {job.title} {word}")
            return exits.COMPLETED
        found = client.jobs()
    if as_json:
        print_json({"jobs": [to_json_dict(job) for job in found]})
    elif found:
        print_columns(("job", "state", "what", "by", "last"), [_row(job) for job in found])
    else:
        say("no job was started")
    return exits.COMPLETED


def _row(job: Job) -> list[str]:
    last = job.error.what if job.error else f"{job.step}: {job.note}" if job.note else job.step
    return [job.job_id, job.state.value, job.title, job.by, last]


def _show(event: JobEvent) -> None:
    from gym_gui.cli.output import echo
    from gym_gui.look import figures

    if event.kind == "step":
        echo(f"{event.text} …", err=True)
    elif event.kind == "done":
        text = ", ".join(filter(None, [event.text, figures.duration(event.seconds or 0.0)]))
        echo(f"  {text}", err=True)
    else:
        echo(f"  {event.text}", err=True)
