"""``mosaic workers list``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import common
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.workers import WorkerRecord


@click.command("list")
@common
@anywhere
def list_(home: Path, as_json: bool) -> int:
    """List the installed workers, broken ones with their reason, and those that come with MOSAIC."""
    from gym_gui.cli.output import print_json, say
    from gym_gui.workers import INSTALL_ONE, WorkerCatalog
    from gym_gui.workers.environments import installable_projects

    site = site_of(home)
    if site.home is None:
        with site.connect() as client:
            records = client.workers()
    else:
        records = WorkerCatalog(site.home).list(
            on_probe=lambda name: say(f"asking worker {name} (once per installed version) …")
        )
    if as_json and site.home is None:
        print_json({"workers": [_without_schema(record) for record in records], "installable": []})
        return 0
    if as_json:
        projects = installable_projects(record.name for record in records)
        found = [{"name": project.name, "description": project.description} for project in projects]
        print_json({"workers": [_without_schema(record) for record in records], "installable": found})
        return 0
    if not records:
        say(for_this_home(f"no worker is installed; begin with: {INSTALL_ONE}"))
    from gym_gui.cli._palette import BAD, GOOD
    from gym_gui.cli.columns import print_columns
    from gym_gui.cli.output import echo

    headers = ("worker", "version", "state", "environment", "what it is")
    if records:
        print_columns(headers, [_row(record) for record in records], [{}, {}, {"ready": GOOD, "broken": BAD}])
    missing = [] if site.home is None else installable_projects(record.name for record in records)
    if missing:
        echo()
        print_columns(("can be installed", "by", "what it is"), [
            [project.name, for_this_home(f"mosaic workers install {project.name}"), project.description]
            for project in missing
        ])  # fmt: skip
    return 0


def _row(record: WorkerRecord) -> list[str]:
    about = record.broken or str(record.metadata.get("description") or record.metadata.get("name") or "")
    if record.broken and record.mend:
        about += f"\nnext: {for_this_home(record.mend)}"
    state = "broken" if record.broken else "ready"
    return [record.name, record.version, state, "own" if record.environment else "MOSAIC's", about]


def _without_schema(record: WorkerRecord) -> dict[str, object]:
    """Return a record as JSON; `mosaic workers describe` prints the schema, too."""
    found: dict[str, object] = record.to_dict()
    del found["schema"]
    return found
