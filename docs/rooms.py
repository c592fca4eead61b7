"""Draws MOSAIC's rooms and the imports between them, read from the code and from the layers that CI holds."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from xml.sax.saxutils import escape

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parent.parent
#: What a room is, in the few words that fit into its box.
ABOUT = {
    "cli": "the mosaic command",
    "web": "the dashboard: HTTP, pages",
    "ui": "the window",
    "app": "what every face does",
    "analysis": "queries, curves, plots",
    "forms": "from schemas to forms and back",
    "validations": "dry runs",
    "rpc": "gRPC: servers, client, messages",
    "trainer": "the daemon's core",
    "fleet": "studies: many runs from one config",
    "jobs": "installs and checks as jobs",
    "reading": "search, series, files of runs",
    "retention": "logs and checkpoints of ended runs",
    "proxy": "one process a run: joins the two below",
    "workers": "records, schemas, environments, kit",
    "supervision": "processes: start, observe, signal",
    "telemetry": "from log to rows",
    "runs": "the run model",
    "core.worker": "the SDK that workers import",
    "services": "names of other packages",
    "logging_config": "structured logging",
    "constants": "names that several rooms share",
    "config": "paths, settings",
    "look": "colours, states, numbers",
    "core": "errors, files",
}
WIDTH, BOX, HEIGHT, ROW, GAP = 860, 250, 46, 78, 24


def layers() -> list[list[str]]:
    """Return the rooms from top to bottom, as the import contracts have them; a row is a layer."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rows = [row.split(" | ") for row in next(each["layers"] for each in contracts if each.get("exhaustive"))]
    place = rows.index(["services"]) if ["services"] in rows else len(rows) - 3
    rows[place] = ["core.worker", *rows[place]]
    return [*rows, ["core"]]


def room_of(module: str, rooms: set[str]) -> str | None:
    """Return the room that a module is in."""
    parts = module.split(".")
    if parts[0] != "gym_gui" or len(parts) < 2:
        return None
    if parts[1:3] == ["core", "worker"]:
        return "core.worker"
    return parts[1] if parts[1] in rooms else None


def imports(rooms: set[str]) -> dict[tuple[str, str], int]:
    """Return how many modules of one room import another."""
    found: dict[tuple[str, str], int] = {}
    for path in sorted((ROOT / "gym_gui").rglob("*.py")):
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        here = room_of(module, rooms)
        names = set()
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names.add(room_of(node.module, rooms) or room_of(f"{node.module}.{node.names[0].name}", rooms))
            elif isinstance(node, ast.Import):
                names |= {room_of(name.name, rooms) for name in node.names}
        for other in names - {here, None}:
            if here is not None and other is not None:
                found[here, other] = found.get((here, other), 0) + 1
    return found


def shown(arrows: dict[tuple[str, str], int]) -> list[tuple[str, str]]:
    """Return the arrows that no way through another room stands for."""
    below: dict[str, set[str]] = {}

    def reach(room: str) -> set[str]:
        if room not in below:
            below[room] = set()
            for start, end in arrows:
                if start == room:
                    below[room] |= {end} | reach(end)
        return below[room]

    return sorted(
        (start, end)
        for start, end in arrows
        if not any(end in reach(middle) for first, middle in arrows if first == start and middle != end)
    )


def picture() -> str:
    """Return the picture, an SVG."""
    rows = layers()
    rooms = {room for row in rows for room in row}
    where: dict[str, tuple[float, float]] = {}
    for number, row in enumerate(rows):
        width = len(row) * BOX + (len(row) - 1) * GAP
        for place, room in enumerate(row):
            where[room] = ((WIDTH - width) / 2 + place * (BOX + GAP), 12 + number * ROW)
    rank = {room: number for number, row in enumerate(rows) for room in row}
    lines, boxes = [], []
    for start, end in shown(imports(rooms)):
        (x1, y1), (x2, y2) = where[start], where[end]
        x1, y1, x2 = x1 + BOX / 2, y1 + HEIGHT, x2 + BOX / 2
        skipped = rank[end] - rank[start] - 1
        bend = (BOX / 2 + 30 + 16 * skipped) * (1 if x1 >= WIDTH / 2 and x2 >= WIDTH / 2 else -1) if skipped else 0
        if bend:
            x1 = x2 = x1 + (BOX / 2 if bend > 0 else -BOX / 2)
            y1, x2 = y1 - HEIGHT / 2, where[end][0] + (BOX if bend > 0 else 0)
            y2 += HEIGHT / 2
            side = max(x1, x2) + 16 * skipped if bend > 0 else min(x1, x2) - 16 * skipped
            path = f"M{x1:g} {y1:g} C{side:g} {y1:g} {side:g} {y2:g} {x2 + (6 if bend > 0 else -6):g} {y2:g}"
        else:
            path = f"M{x1:g} {y1:g} L{x2:g} {y2 - 6:g}"
        lines.append(f'<path d="{path}" marker-end="url(#head)"><title>{start} imports {end}</title></path>')
    for room, (x, y) in where.items():
        boxes.append(
            f'<g transform="translate({x:g} {y:g})"><rect width="{BOX}" height="{HEIGHT}" rx="6"/>'
            f'<text x="12" y="20" class="name">{room}</text>'
            f'<text x="12" y="37" class="about">{escape(ABOUT[room])}</text></g>'
        )
    height = 24 + len(rows) * ROW - (ROW - HEIGHT)
    style = (
        "rect{fill:#f3f4fb;stroke:#5c6bc0}.name{font-weight:600;fill:#1a237e}.about{fill:#555;font-size:11.5px}"
        "path{fill:none;stroke:#7986cb;stroke-width:1.4}#head path{fill:#7986cb;stroke:none}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="system-ui, sans-serif" font-size="14" role="img" aria-label="Rooms and their imports">'
        f"<style>{style}</style>"
        '<defs><marker id="head" viewBox="0 0 8 8" refX="4" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z"/></marker></defs>'
        f'<rect width="{WIDTH}" height="{height}" style="fill:#fff;stroke:none"/>' + "".join(lines + boxes) + "</svg>\n"
    )
