"""``mosaic runs list``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import TEXT, common, run_filters
from gym_gui.cli.supervised import starts_daemon
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.analysis import RunSource
    from gym_gui.app import Site
    from gym_gui.reading import Page
    from gym_gui.runs import RunFilter

_FOOTNOTE = "¹ mean of the last training episodes (at most 100 a worker), else of the evaluation"


@click.command("list")
@click.option(
    "-n", "--limit", type=click.IntRange(min=0), default=20, show_default=True,
    help="Maximum number of runs, or of groups; 0: all.",
)  # fmt: skip
@click.option("-q", "--query", type=TEXT, metavar="QUERY", default="",
              help="Only runs that match, such as 'env:CartPole* return>400 -state:failed config.learning_rate<1e-3'.",
)  # fmt: skip
@click.option("--sort", type=TEXT, metavar="FIELD,...", default="",
              help="Sort by these fields, or metric.NAME; '-' before one: from the highest down. Default: -created.",
)  # fmt: skip
@click.option("--column", "columns", type=TEXT, metavar="FIELD", multiple=True,
              help="A further column, such as config.learning_rate; several times.",
)  # fmt: skip
@click.option("--group-by", type=TEXT, metavar="FIELD,...", default="",
              help="One line for all runs with the same values; 'variant': all that differ only in their seed.",
)  # fmt: skip
@run_filters()
@click.option("--wide", is_flag=True, help="All columns, ids and names whole, however long the lines become.")
@common
@starts_daemon
@anywhere
def list_(
    home: Path,
    limit: int,
    query: str,
    sort: str,
    columns: tuple[str, ...],
    group_by: str,
    wanted: RunFilter,
    wide: bool,
    as_json: bool,
) -> int:
    """List runs, the newest first.

    Ids are shown by their last characters, which every command takes. A terminal that is too narrow shows fewer columns
    and shortens names, never a state or a number. Reads the home's files, or asks the daemon that --daemon names.
    Fields and operators of queries are on the page "Find runs" of the documentation.
    """
    from gym_gui.cli.output import say

    site = site_of(home)
    with site.runs() as source:
        if query or sort or columns or group_by:
            page = _search(source, wanted.as_query(), limit, query, sort, columns, group_by)
            shown = _show_page(site, page, wide=wide, as_json=as_json)
        else:
            shown = _show_all(site, source, wanted, limit, wide=wide, as_json=as_json)
    if not shown and not as_json:
        fits = bool(wanted or query)
        say(f"no runs in {site.where}{' that fit' if fits else for_this_home('; start one: mosaic train WORKER')}")
    return 0


def _show_all(site: Site, source: RunSource, wanted: RunFilter, limit: int, *, wide: bool, as_json: bool) -> bool:
    """Print runs; return whether there are any."""
    from gym_gui.app import summary_json
    from gym_gui.cli._run_columns import run_columns
    from gym_gui.cli.output import print_json, say

    found = source.list(wanted, limit=limit or None)
    if as_json:
        print_json({"runs": [summary_json(run, site.home) for run in found]})
    elif found:
        _print(lambda wide: run_columns(site.home, found, wide=wide), wide=wide)
        if limit and len(found) == limit:
            say(f"the newest {limit}; --limit 0 lists all")
    return bool(found)


def _search(
    source: RunSource, filters: str, limit: int, query: str, sort: str, columns: tuple[str, ...], group_by: str
) -> Page:
    """Return all pages that are to be shown as one."""
    from dataclasses import replace

    from gym_gui.reading import DEFAULT_SORT, MAX_PAGE, Search

    asked = Search(
        f"{query} {filters}".strip(),
        sort=_names(sort) or DEFAULT_SORT,
        limit=min(limit or MAX_PAGE, MAX_PAGE),
        group_by=_names(group_by),
        columns=columns,
    )
    page = source.search(asked)
    while page.cursor and (not limit or len(page.runs) + len(page.groups) < limit):
        left = MAX_PAGE if not limit else limit - len(page.runs) - len(page.groups)
        following = source.search(replace(asked, cursor=page.cursor, limit=min(left, MAX_PAGE)))
        page.runs += following.runs
        page.groups += following.groups
        page.cursor = following.cursor
    return page


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _show_page(site: Site, page: Page, *, wide: bool, as_json: bool) -> bool:
    """Print what a search found; return whether it is anything."""
    from gym_gui.app import summary_json
    from gym_gui.cli._run_columns import group_columns, run_columns
    from gym_gui.cli.output import print_json, say

    if as_json:
        runs = [{**summary_json(row.run, site.home), "values": row.values} for row in page.runs]
        totals = {"total": page.total, "groups_total": page.groups_total, "cursor": page.cursor}
        print_json({"runs": runs, "groups": page.groups, **totals})
        return True
    if page.groups:
        _print(lambda _: group_columns(page.groups), wide=wide)
    elif page.runs:
        values = [row.values for row in page.runs]
        _print(lambda wide: run_columns(site.home, [row.run for row in page.runs], values, wide=wide), wide=wide)
    if page.cursor:
        groups = f"{len(page.groups)} of {page.groups_total:,} groups"
        say(f"the first {groups if page.groups else f'{len(page.runs)} of {page.total:,}'}; --limit 0 lists all")
    return bool(page.runs or page.groups)


def _print(columns: Any, *, wide: bool) -> None:
    from gym_gui.cli._palette import QUIET
    from gym_gui.cli.output import console
    from gym_gui.cli.table import print_table

    screen = console()
    wide = wide or not screen.is_terminal  # a script wants whole ids
    print_table(screen, columns(wide), wide=wide)
    screen.print(_FOOTNOTE, style=QUIET)
