"""``mosaic runs archive``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli.options import common, retention_filters, some_runs_argument
from gym_gui.cli.output import echo


@click.command()
@some_runs_argument
@retention_filters
@click.option("--to", "target", type=click.Path(path_type=Path), metavar="DIR", help="Default: archive, in the home.")
@click.option("--dry-run", is_flag=True, help="Only say which runs it would be.")
@common
def archive(
    home: Path,
    runs: tuple[str, ...],
    older_than: str,
    larger_than: str,
    tag: str,
    target: Path | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Put runs that have ended into .tar.gz files, then remove them.

    Each archive is read back and compared before its run is removed; its SHA-256 stands beside it. Without RUN:
    all runs that fit the filters.
    """
    from gym_gui.analysis.archive import archive_run
    from gym_gui.analysis.deletion import check_deletable, delete_run
    from gym_gui.analysis.retention import folder_bytes, select_runs
    from gym_gui.cli import figures
    from gym_gui.cli.output import print_json, say
    from gym_gui.runs.folder import RunFolder
    from gym_gui.telemetry.log_keeping import tell_logs

    found = select_runs(home, runs, older_than=older_than, larger_than=larger_than, tag=tag)
    for run in found:
        check_deletable(home, run)
    done = []
    for run in found:
        size, logs = folder_bytes(home, run.run_id), tell_logs(RunFolder.of(home, run.run_id))
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
