"""``mosaic workers list``."""

from __future__ import annotations

from pathlib import Path

import click

from gym_gui.cli.options import common


@click.command("list")
@common
def list_(home: Path, as_json: bool) -> int:
    """List the installed workers, broken ones with their reason."""
    from gym_gui.cli.output import console, print_json, say
    from gym_gui.workers.catalog import INSTALL_ONE, WorkerCatalog

    records = WorkerCatalog(home).list(
        on_probe=lambda name: say(f"asking worker {name} (once per installed version) …")
    )
    if as_json:
        print_json(
            [
                {key: value for key, value in record_dict.items() if key != "schema"}
                for record_dict in map(_dict, records)
            ]
        )
        return 0
    if not records:
        say(f"no worker is installed; begin with: {INSTALL_ONE}")
        return 0
    from rich.table import Table
    from rich.text import Text

    from gym_gui.cli.palette import BAD, GOOD, HEADER

    table = Table(box=None, padding=(0, 2, 0, 0), header_style=HEADER)
    for header in ("worker", "version", "state", "environment"):
        table.add_column(header, no_wrap=True)
    table.add_column("what it is", overflow="fold")
    for record in records:
        about = record.broken or str(record.metadata.get("description") or record.metadata.get("name") or "")
        state = Text("broken", style=BAD) if record.broken else Text("ready", style=GOOD)
        table.add_row(record.name, record.version, state, "own" if record.environment else "MOSAIC's", about)
        if record.broken and record.mend:
            table.add_row("", "", "", "", f"next: {record.mend}")
    console().print(table)
    return 0


def _dict(record: object) -> dict[str, object]:
    import msgspec

    found: dict[str, object] = msgspec.to_builtins(record)
    return found
