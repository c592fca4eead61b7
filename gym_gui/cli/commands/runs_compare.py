"""``mosaic runs compare``: groups of runs, their results and learning curves with a centre and a range."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import TEXT, common, some_runs_argument
from gym_gui.cli.supervised import starts_daemon
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.analysis import RunSource
    from gym_gui.reading import GroupComparison, Interval, RunRow, Statistic

_CURVE_POINTS = 256
_IDS = 50
_CSV = ("group", "runs", "step", "centre", "low", "high")


@click.command()
@some_runs_argument
@click.option("-q", "--query", type=TEXT, metavar="QUERY", default="", help="Without RUN: the runs that match.")
@click.option("--group-by", type=TEXT, metavar="FIELD,...", default="variant", show_default=True,
              help="One line for all runs with the same values, such as env,algo or config.learning_rate; 'variant':"
              " runs that differ only in their seed.",
)  # fmt: skip
@click.option("--statistic", "words", type=TEXT, metavar="CENTRE[,SPREAD]", default="mean,std", show_default=True,
              help="Centre: mean, median or iqm (interquartile mean). Spread: std, range (lowest to highest) or"
              " bootstrap (95 % percentile interval of the centre).",
)  # fmt: skip
@click.option("--points", type=click.IntRange(2, 1000), metavar="N", default=200, show_default=True,
              help="Points of each group's learning curve.",
)  # fmt: skip
@click.option("--csv", "as_csv", is_flag=True, help="Print the learning curves of the groups as CSV.")
@common
@starts_daemon
@anywhere
def compare(
    home: Path,
    runs: tuple[str, ...],
    query: str,
    group_by: str,
    words: str,
    points: int,
    as_csv: bool,
    as_json: bool,
) -> int:
    """Compare groups of runs: n, and centre and range of their returns and of their learning curves.

    Without RUN: all runs, or those that match a query. The page "Read curves" of the documentation says how centre and
    spread are computed.
    """
    from gym_gui.cli.output import print_json, say, write_csv
    from gym_gui.reading import Statistic, compare_groups

    centre, _, spread = words.partition(",")
    statistic = Statistic(centre.strip(), spread.strip() or "std")
    statistic.check()
    fields = tuple(name.strip() for name in group_by.split(",") if name.strip())
    site = site_of(home)
    with site.runs() as source:
        rows = _rows(source, runs, query, fields)
    groups = compare_groups(rows, fields, statistic, points)
    if as_json:
        print_json({"centre": statistic.centre, "spread": statistic.spread, "groups": groups})
    elif as_csv:
        write_csv(_CSV, _csv_rows(groups))
    elif groups:
        _print(groups, statistic)
    else:
        say(f"no runs in {site.where}{' that fit' if query else ''}")
    return 0


def _rows(source: RunSource, runs: Sequence[str], query: str, fields: tuple[str, ...]) -> list[RunRow]:
    """Return the runs with their curves: those that are named, else those that match a query."""
    from dataclasses import replace

    from gym_gui.reading import MAX_PAGE, Search

    ids = list(dict.fromkeys(source.resolve(run) for run in runs))
    parts = [f"id:{','.join(ids[start : start + _IDS])}" for start in range(0, len(ids), _IDS)] or [query]
    found: list[RunRow] = []
    for text in parts:
        asked = Search(text, limit=MAX_PAGE, columns=fields, curve_points=_CURVE_POINTS)
        page = source.search(asked)
        found += page.runs
        while page.cursor:
            page = source.search(replace(asked, cursor=page.cursor))
            found += page.runs
    return found


def _label(group: GroupComparison) -> str:
    if list(group.key) == ["variant"]:
        import re

        return re.sub(r" s\d+$", "", group.name)
    parts = [f"{name.removeprefix('config.')}: {', '.join(map(_text, of)) or '-'}" for name, of in group.key.items()]
    return ", ".join(parts) or "all"


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _print(groups: Sequence[GroupComparison], statistic: Statistic) -> None:
    from gym_gui.cli.output import console
    from gym_gui.cli.table import Column, add_row, print_table

    columns = [
        Column("group", shortest=12), Column("n", right=True), Column(f"return ({statistic.centre})", right=True),
        Column(statistic.spread, right=True), Column("best", right=True, rank=1),
        Column(statistic.spread, right=True, rank=2), Column("far off", right=True, rank=3),
    ]  # fmt: skip
    for group in groups:
        add_row(
            columns, _label(group), str(len(group.run_ids)), *_cells(group.returns), *_cells(group.best),
            str(len(group.far_runs)) if group.far_runs else "-",
        )  # fmt: skip
    screen = console()
    print_table(screen, columns, wide=not screen.is_terminal)


def _cells(interval: Interval | None) -> tuple[str, str]:
    from gym_gui.look import figures

    if interval is None:
        return figures.NOTHING, figures.NOTHING
    return figures.decimal(interval.centre), f"{figures.decimal(interval.low)} to {figures.decimal(interval.high)}"


def _csv_rows(groups: Sequence[GroupComparison]) -> Iterator[list[Any]]:
    for group in groups:
        curve = group.curve
        for point in zip(curve.steps, curve.centre, curve.low, curve.high, strict=True):
            yield [_label(group), curve.count, *point]
