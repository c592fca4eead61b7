"""The list of runs of a window: what it can be grouped by, which columns there are, how it was left."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import ConfigError, MosaicError
from gym_gui.reading import ALL_SETTINGS, METRIC, Search, query_of_group
from gym_gui.rpc import AsyncTrainerClient
from gym_gui.runs import write_json_atomic

_FILE = "window.json"
_MOST_COLUMNS = 100
#: Runs whose settings are columns to choose from.
_LOOKED_AT = 30
#: Runs of a line that are shown.
_MEMBERS = 200
#: What the runs of a line may differ in beside their seeds.
_DIFFERENT = ("env", "algo", "worker", "tag")
#: Fields that the runs of a line have in common, by what that is called; settings come besides.
GROUPINGS: dict[str, tuple[str, ...]] = {
    "seeds folded": ("variant",),
    "every run": (),
    "by environment": ("env",),
    "by algorithm": ("algo",),
    "by environment and algorithm": ("env", "algo"),
    "by worker": ("worker",),
    "by submission": ("group",),
    "by tags": ("tag",),
}


def fields_of_grouping(name: str) -> tuple[str, ...]:
    """Return the fields that runs of a line have in common.

    Args:
        name: What that is called: one of `GROUPINGS`, or ``by NAME`` for a setting.
    """
    return GROUPINGS[name] if name in GROUPINGS else (name.removeprefix("by "),)


def name_of_grouping(fields: tuple[str, ...]) -> str:
    """Return what it is called that runs of a line have some fields in common."""
    return next((name for name, each in GROUPINGS.items() if each == fields), f"by {','.join(fields)}")


def list_search(
    query: str, sort: tuple[str, ...], limit: int, group_by: tuple[str, ...], columns: tuple[str, ...]
) -> Search:
    """Return the search for the lines of the list.

    Args:
        query: The query.
        sort: Terms by which the lines are sorted.
        limit: Lines at most.
        group_by: Fields that the runs of a line have in common.
        columns: Further columns.
    """
    different = _DIFFERENT if group_by not in ((), ("variant",)) else ()
    return Search(query, sort, limit, group_by=group_by, columns=(*columns, *different))


def lines_search(query: str, line: dict[str, list[Any]], columns: tuple[str, ...]) -> Search:
    """Return the search for the single runs of a line.

    Args:
        query: The query of the list.
        line: What the runs of the line have in common.
        columns: Further columns.
    """
    return Search(query_of_group(query, line), ("seed",), _MEMBERS, columns=columns)


def refused_query_text(error: MosaicError) -> str:
    """Return why a query was refused: what is wrong with it alone, a line each, where that is known."""
    found = error.problems if isinstance(error, ConfigError) else []
    return "\n".join(f"{problem.message} (allowed: {problem.allowed})" for problem in found) or error.what


class ListLayout(msgspec.Struct, kw_only=True, frozen=True):
    """How the list looks.

    Args:
        columns: Its columns in their order; none: as at first.
        widths: Their widths in pixels, by name.
        group_by: Fields that the runs of a line have in common.
    """

    columns: tuple[str, ...] = ()
    widths: dict[str, int] = {}
    group_by: tuple[str, ...] = ("variant",)


def read_layout(home: Path) -> ListLayout:
    """Return how the list was left; as at first where that is unknown.

    Args:
        home: The home.
    """
    try:
        found = msgspec.json.decode(read_regular(home / _FILE), type=ListLayout)
    except (OSError, ValueError, RecursionError):
        return ListLayout()
    return msgspec.structs.replace(found, columns=tuple(dict.fromkeys(found.columns))[:_MOST_COLUMNS])


def save_layout(home: Path, layout: ListLayout) -> None:
    """Keep how the list is left; where that cannot be written, it looks as at first again.

    Args:
        home: The home.
        layout: How it is left.
    """
    with contextlib.suppress(OSError):
        home.mkdir(parents=True, exist_ok=True)
        write_json_atomic(home / _FILE, layout, sync=False)


class FurtherColumns(NamedTuple):
    """Columns beside those of every list, by name.

    Args:
        settings: ``config.NAME`` each.
        metrics: ``metric.NAME`` each.
    """

    settings: list[str]
    metrics: list[str]


async def further_columns(client: AsyncTrainerClient) -> FurtherColumns:
    """Return the settings and metrics that the newest runs have.

    Args:
        client: The daemon.
    """
    page = await client.search(Search(limit=_LOOKED_AT, columns=(ALL_SETTINGS,)))
    series = await client.series_names(page.runs[0].run.run_id) if page.runs else []
    return FurtherColumns(
        sorted({name for row in page.runs for name in row.values}),
        sorted(f"{METRIC}{each.name.removeprefix('metric:')}" for each in series if each.kind == "metric"),
    )
