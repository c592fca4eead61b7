"""``mosaic runs archive`` and ``mosaic runs restore``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import common, dry_run_option, run_filters, some_runs_argument, yes_option

if TYPE_CHECKING:
    from gym_gui.runs import RunFilter


@click.command()
@some_runs_argument
@run_filters(ended=True)
@click.option("--to", "target", type=click.Path(path_type=Path), metavar="DIR", help="Default: archive, in the home.")
@dry_run_option
@yes_option
@common
def archive(
    home: Path,
    runs: tuple[str, ...],
    wanted: RunFilter,
    target: Path | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Archive ended runs as .tar.gz files, then remove them.

    Each archive is read back and compared before its run is removed; its SHA-256 is stored beside it. Without RUN:
    all that have ended and fit the filters. `mosaic runs restore` brings them back.
    """
    from gym_gui.analysis import archive_run, check_deletable, delete_run, folder_bytes
    from gym_gui.app import LocalSite
    from gym_gui.cli import exits
    from gym_gui.cli._bulk import confirm_removal, some_runs
    from gym_gui.cli.output import echo, print_json, say
    from gym_gui.look import figures
    from gym_gui.retention import describe_logs
    from gym_gui.runs import TERMINAL_STATES, RunFolder

    found = some_runs(LocalSite(home), runs, wanted, among=list(TERMINAL_STATES))
    for run in found:
        check_deletable(home, run)
    if not dry_run and not confirm_removal(found, "Archive {} and remove the folders?", yes=yes):
        return exits.FAILED
    done = []
    for run in found:
        size, logs = folder_bytes(home, run.run_id), describe_logs(RunFolder.of(home, run.run_id))
        path = None if dry_run else archive_run(home, run.run_id, target or home / "archive")
        if path is not None:
            delete_run(home, run.run_id)
        done.append({"run_id": run.run_id, "bytes": size, "archive": path and str(path), "logs": logs})
        if not as_json:
            where = "would be archived" if path is None else f"archived as {path}"
            echo(f"{run.run_id}  {run.run_name}  {figures.size(size)}  {where}")
            if logs:
                echo(f"  its logs: {logs}")
    if as_json:
        print_json({"archived": done, "dry_run": dry_run})
    elif not found:
        say("no run fits")
    return 0


@click.command()
@click.argument("archives", metavar="ARCHIVE...", nargs=-1, required=True)
@click.option("--from", "source", type=click.Path(path_type=Path), metavar="DIR", help="Default: archive, in the home.")
@dry_run_option
@common
def restore(home: Path, archives: tuple[str, ...], source: Path | None, dry_run: bool, as_json: bool) -> int:
    """Restore archived runs.

    ARCHIVE is a file that `mosaic runs archive` wrote, or the id of an archived run, its beginning or end, or its name.
    The archive stays where it is. One that does not match its SHA-256 is refused, and so is a run that the home has.
    """
    from gym_gui.analysis import find_archive, restore_run
    from gym_gui.cli.output import echo, print_json

    paths = list(dict.fromkeys(find_archive(source or home / "archive", name) for name in archives))
    done = []
    for path in paths:
        run_id = restore_run(home, path, dry_run=dry_run)
        done.append({"run_id": run_id, "archive": str(path)})
        if not as_json:
            echo(f"{run_id}  {'would be restored' if dry_run else 'restored'} from {path}")
    if as_json:
        print_json({"restored": done, "dry_run": dry_run})
    return 0
