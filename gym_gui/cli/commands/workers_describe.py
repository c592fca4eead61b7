"""``mosaic workers describe``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import common, worker_argument
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from rich.table import Table

    from gym_gui.app import WorkerPlace
    from gym_gui.workers import WorkerRecord


@click.command()
@worker_argument
@common
@anywhere
def describe(home: Path, worker: str, as_json: bool) -> int:
    """Show what a worker can do, its settings, and where it is installed with what."""
    from gym_gui.app import WorkerPlace
    from gym_gui.cli.output import console, print_json, say
    from gym_gui.workers import WorkerCatalog

    site = site_of(home)
    place: WorkerPlace | None = None
    if site.home is None:
        with site.connect() as client:
            record = client.worker(worker)
    else:
        catalog = WorkerCatalog(site.home)
        record = catalog.get(worker, on_probe=lambda name: say(f"asking worker {name} …"))
        place = WorkerPlace.of(catalog, record)
    if as_json:
        print_json({**record.to_dict(), **(place.to_dict() if place else {})})
        return 0
    screen = console()
    screen.print(_facts(record, place))
    if record.schema is None and not record.broken:
        say("its config class cannot be read: settings are passed on unchecked")
    elif not record.broken:
        screen.print()
        screen.print(_fields(record))
        say("")
        say(for_this_home(f"set one with: mosaic train {record.name} --set NAME=VALUE"))
    return 0


def _facts(record: WorkerRecord, place: WorkerPlace | None) -> Table:
    from rich.table import Table
    from rich.text import Text

    from gym_gui.cli._palette import QUIET
    from gym_gui.cli.output import rich_lines

    table = Table.grid(padding=(0, 2))
    table.add_column(style=QUIET, no_wrap=True)
    table.add_column(overflow="fold")
    able = [f"{key}: {_shown(value)}" for key, value in record.capabilities.items() if value not in (None, [], {}, "")]
    about = record.metadata
    library = f"{about.get('upstream_library') or ''} {about.get('upstream_version') or ''}".strip()
    rows = [
        ("worker", record.name), ("broken", record.broken), ("next", record.mend),
        ("name", about.get("name")), ("about", about.get("description")), ("library", library),
        ("author", about.get("author")), ("license", about.get("license")), ("homepage", about.get("homepage")),
        ("package", f"{record.distribution} {record.version}".strip()),
        ("entry point", record.entry_point), ("module", record.module),
        ("flags", " ".join(record.flags)), ("abilities", rich_lines(able)),
        *((name, rich_lines(value.split("\n"))) for name, value in (place.rows() if place else ())),
    ]  # fmt: skip
    for name, value in rows:
        if value:
            table.add_row(name, value if isinstance(value, Text) else rich_lines(str(value).split("\n")))
    return table


def _fields(record: WorkerRecord) -> Table:
    from rich.table import Table

    from gym_gui.cli._palette import HEADER
    from gym_gui.cli.output import rich_text
    from gym_gui.forms import config_sections

    table = Table(box=None, padding=(0, 2, 0, 0), header_style=HEADER)
    table.add_column("field", no_wrap=True)
    table.add_column("type", no_wrap=True)
    table.add_column("default", overflow="fold", max_width=24)
    table.add_column("allowed", overflow="fold", max_width=36)
    table.add_column("what it does", overflow="fold", ratio=1)
    required = (record.schema or {}).get("required", [])
    sections = [(section.title, [*section.fields, *section.advanced]) for section in config_sections(record)]
    if record.has_field("seed"):
        sections.insert(0, ("Run", ["seed"]))
    for title, names in sections:
        table.add_row(rich_text(title, style=HEADER))
        for name in names:
            field = record.properties[name]
            default = "(required)" if name in required else _shown(field.get("default"))
            table.add_row(f"  {name}", _type(field), default, _allowed(field), str(field.get("description", "")))
    return table


def _type(field: dict[str, Any]) -> str:
    kind = field.get("type", "")
    return " or ".join(kind) if isinstance(kind, list) else str(kind or "any")


def _allowed(field: dict[str, Any]) -> str:
    if "enum" in field:
        return ", ".join(_shown(item) for item in field["enum"])
    words = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return ", ".join(f"{sign} {_shown(field[key])}" for key, sign in words.items() if key in field)


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(item) for item in value)
    if isinstance(value, float):
        return f"{value:g}"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
