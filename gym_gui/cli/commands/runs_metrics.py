"""``mosaic runs metrics``: the series of a run, and their values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import TEXT, common, run_argument
from gym_gui.cli.supervised import starts_daemon
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from gym_gui.reading import Series, SeriesLine, SeriesName

_TABLE_POINTS = 20
_CSV = (
    "series",
    "worker_id",
    "attempt",
    "agent_id",
    "phase",
    "first_x",
    "last_x",
    "count",
    "low",
    "mean",
    "high",
    "last",
)
_NOT_FINITE = {"nan": math.nan, "+inf": math.inf, "-inf": -math.inf}


@click.command()
@run_argument
@click.argument("names", type=TEXT, metavar="[NAME]...", nargs=-1)
@click.option(
    "--x", type=TEXT, metavar="AXIS", default="step", show_default=True,
    help="Over `step`, `update` (number of the value), `episode`, `wall` (Unix seconds), `relative` (seconds since the"
    " run's start), or `metric:NAME`, the value of another series at the same step.",
)  # fmt: skip
@click.option("--from", "low", type=float, metavar="X", help="Only from this x on.")
@click.option("--to", "high", type=float, metavar="X", help="Only up to this x.")
@click.option(
    "--points", type=click.IntRange(1, 10_000), metavar="N",
    help=f"Maximum number of points of each curve.  [default: {_TABLE_POINTS}; with --json or --csv 1000]",
)  # fmt: skip
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@common
@starts_daemon
@anywhere
def metrics(
    home: Path,
    run: str,
    names: tuple[str, ...],
    x: str,
    low: float | None,
    high: float | None,
    points: int | None,
    as_csv: bool,
    as_json: bool,
) -> int:
    """List the series of a run, or print the values of those that are named.

    Series are `return`, `length` and `success` of training episodes, `eval_return` and so on of evaluation episodes,
    every metric, and the scalars in the run's event files for TensorBoard as `tensorboard/TAG`. A point stands for one
    value, or for several: their lowest, mean and highest are printed.
    """
    from gym_gui.cli.output import print_json, write_csv
    from gym_gui.reading import DEFAULT_POINTS, SeriesRequest

    with site_of(home).runs() as source:
        run_id = source.resolve(run)
        if not names:
            listed = source.series_names(run_id)
            if as_json:
                print_json({"run_id": run_id, "names": listed})
            elif as_csv:
                write_csv(_NAME_FIELDS, ([getattr(each, field) for field in _NAME_FIELDS] for each in listed))
            else:
                _print_names(listed)
            return 0
        points = points or (DEFAULT_POINTS if as_json or as_csv else _TABLE_POINTS)
        found = source.series([run_id], SeriesRequest(names=names, x=x, low=low, high=high, points=points))
    if as_json:
        print_json({"run_id": run_id, "x": x, "series": found})
    elif as_csv:
        write_csv(_CSV, (row for series in found for line in series.lines for row in _csv_rows(series.name, line)))
    else:
        for series in found:
            for line in series.lines:
                _print_line(series, line, x)
    return 0


_NAME_FIELDS = ("name", "kind", "count", "last", "low", "high", "first_step", "last_step")


def _number(value: float | None) -> str:
    from gym_gui.look import figures

    return figures.NOTHING if value is None else f"{value:.6g}"


def _print_names(names: Sequence[SeriesName]) -> None:
    from gym_gui.cli.output import console, say
    from gym_gui.cli.table import Column, add_row, print_table
    from gym_gui.look import figures

    columns = [
        Column("name"), Column("values", right=True), Column("last", right=True), Column("lowest", right=True, rank=2),
        Column("highest", right=True, rank=2), Column("first step", right=True, rank=4),
        Column("last step", right=True, rank=3),
    ]  # fmt: skip
    for each in names:
        add_row(
            columns, each.name, figures.count(each.count), _number(each.last), _number(each.low), _number(each.high),
            figures.count(each.first_step), figures.count(each.last_step),
        )  # fmt: skip
    if names:
        screen = console()
        print_table(screen, columns, wide=not screen.is_terminal)
    else:
        say("no episodes and no metrics")


def _print_line(series: Series, line: SeriesLine, x: str) -> None:
    from gym_gui.cli.output import console, say
    from gym_gui.cli.table import Column, add_row, print_table
    from gym_gui.look import figures

    shown = {"wall": figures.moment, "relative": figures.duration}.get(x, figures.count)
    shown = _number if x.startswith("metric:") else shown
    place = [f"worker {line.worker_id}", f"attempt {line.attempt}"]
    place += [f"agent {line.agent_id}"] if line.agent_id else []
    say(f"{series.name}: {', '.join(place)}")
    columns = [Column(x, right=True), Column("to", right=True, rank=2), Column("values", right=True, rank=3)]
    columns += [Column("lowest", right=True, rank=1), Column("mean", right=True), Column("highest", right=True, rank=1)]
    exact = line.width == 1
    columns = [columns[0], Column("value", right=True)] if exact else columns
    for point in zip(line.first_x, line.last_x, line.count, line.low, line.mean, line.high, strict=True):
        first, last, count, *numbers = point
        if exact:
            add_row(columns, shown(first), _number(numbers[1]))
        else:
            add_row(columns, shown(first), shown(last), figures.count(count), *map(_number, numbers))
    screen = console()
    if line.count:
        print_table(screen, columns, wide=not screen.is_terminal)
    for kind in _NOT_FINITE:
        marks = [(at, count) for at, this, count in zip(line.marks.x, line.marks.kind, line.marks.count, strict=True)
                 if this == kind]  # fmt: skip
        if marks:
            total = sum(count for _, count in marks)
            values = "1 value is" if total == 1 else f"{total:,} values are"
            say(f"{values} {kind}, the first at {x} {shown(marks[0][0])}")
    if line.without_x:
        say(f"{line.without_x:,} values have no {'step' if x == 'step' else 'time'}")


def _csv_rows(name: str, line: SeriesLine) -> Iterator[list[Any]]:
    """Yield a row per point, then one per mark: its numbers are not finite."""
    place = [name, line.worker_id, line.attempt, line.agent_id, line.phase]
    for point in zip(line.first_x, line.last_x, line.count, line.low, line.mean, line.high, line.last, strict=True):
        yield [*place, *point]
    for x, kind, count in zip(line.marks.x, line.marks.kind, line.marks.count, strict=True):
        yield [*place, x, x, count, *[_NOT_FINITE[kind]] * 4]
