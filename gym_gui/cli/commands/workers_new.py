"""``mosaic workers new``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import common
from gym_gui.cli.output import echo
from gym_gui.config.paths import expand_user


@click.command()
@click.argument("name", metavar="NAME")
@click.option("--path", "parent", metavar="DIR", default=".", show_default=True, help="The folder to put it into.")
@common
def new(home: Path, name: str, parent: str, as_json: bool) -> int:
    """Write the package of a new worker, as a starting point for yours.

    It trains a tabular Q-learning agent, passes `mosaic workers check` as it is, and runs without MOSAIC, too. Nothing
    that exists is overwritten.
    """
    import shlex

    from gym_gui.cli.output import print_json
    from gym_gui.workers.scaffold import name_worker, write_worker

    worker = name_worker(name, home)
    folder = expand_user(parent).absolute() / worker.package
    files = write_worker(worker, Path(parent))
    install = shlex.join(["mosaic", "workers", "install", worker.name, "--from", str(folder), "--editable"])
    if as_json:
        print_json(
            {
                "worker": worker.name,
                "package": worker.package,
                "distribution": worker.distribution,
                "path": str(folder),
                "files": [str(path.relative_to(folder)) for path in files],
                "install": for_this_home(install),
            }
        )
        return 0
    echo(f"worker {worker.name}: {len(files)} files in {folder}")
    for path in files:
        echo(f"  {path.relative_to(folder)}")
    echo(for_this_home(f"next: {install}"))
    echo(for_this_home(f"      mosaic workers check {worker.name}"))
    echo(for_this_home(f"      mosaic train {worker.name}"))
    return 0
