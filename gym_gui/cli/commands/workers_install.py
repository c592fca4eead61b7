"""``mosaic workers install``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from gym_gui.cli._completions import complete_installable
from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import common
from gym_gui.cli.output import echo
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.workers.environments import WorkerEnvironment


@click.command()
@click.argument("name", metavar="NAME", shell_complete=complete_installable)
@click.option("--python", metavar="PYTHON", help="The interpreter: a path, a program's name or a version such as 3.8.")
@click.option(
    "--from",
    "origin",
    metavar="FROM",
    help="Where the package is: a folder, a requirement such as my-worker==1.0, a wheel, or a git address.",
)
@click.option(
    "--with",
    "packages",
    multiple=True,
    metavar="PACKAGE",
    help="Install this package with it: a requirement, a wheel, a folder or an address. May be given several times.",
)
@click.option(
    "--requirements",
    metavar="FILE",
    help="Install the packages of this requirements file with it.",
    type=click.Path(path_type=Path),
)
@click.option("--editable", is_flag=True, help="Link to the folder, so that changes to the sources count at once.")
@common
@anywhere
def install(
    home: Path,
    name: str,
    python: str | None,
    origin: str | None,
    packages: tuple[str, ...],
    requirements: Path | None,
    editable: bool,
    as_json: bool,
) -> int:
    """Install a worker into an environment of its own.

    NAME is a worker that comes with MOSAIC, or with --from the name of your own; NAME[EXTRA] installs its optional
    dependencies, too. The environment is built beside the one that the worker has, and takes its place once the worker
    has passed its checks. Until then, and if something fails, the old one stays. Repeat the command to continue an
    install that was interrupted, or to rebuild the environment. Without an EXTRA, the new environment has those of the
    present one; without --with and --requirements, it has the packages that were added to that one: "mosaic workers
    remove" forgets both.

    With a daemon elsewhere it is installed there, as a job of that daemon; paths of --python, --from and --with are
    those of its machine.
    """
    from gym_gui.app import install_here
    from gym_gui.cli.jobs import do_there, show_progress
    from gym_gui.cli.output import print_json
    from gym_gui.cli.progress.install_view import install_view
    from gym_gui.jobs import InstallRequest
    from gym_gui.workers.environments import WorkerEnvironment

    request = InstallRequest(origin=origin, python=python, packages=list(packages), editable=editable)
    site = site_of(home)
    try:
        if site.home is not None:
            with install_view() as view:
                environment = install_here(site.home, name, request, view, requirements)
        else:
            request.requirements = None if requirements is None else _text_of(requirements)
            with site.connect() as client, install_view() as view:
                job = do_there(client, "install", name, msgspec.to_builtins(request), show_progress(view))
            environment = msgspec.convert(job.result, WorkerEnvironment)
    except KeyboardInterrupt:
        echo("the install was stopped; the same command continues with the missing steps", err=True)
        raise click.Abort from None
    if as_json:
        print_json(environment.to_dict())
    else:
        _sum_up(environment)
    return 0


def _text_of(path: Path) -> str:
    from gym_gui.workers.environments import read_additions

    return read_additions((), path).text


def _sum_up(environment: WorkerEnvironment) -> None:
    from gym_gui.look import figures

    size, took = figures.size(environment.size_bytes), figures.duration(environment.seconds)
    echo(f"worker {environment.name} is installed: {environment.packages} packages, {size}, {took}")
    echo(f"environment: {environment.folder} (Python {environment.python_version})")
    echo(f"log: {environment.log}")
    echo(for_this_home(f"next: mosaic workers check {environment.name}"))
    echo(for_this_home(f"      mosaic train {environment.name}"))
