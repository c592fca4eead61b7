"""Writes the figures in ``docs/benchmarks.md`` from what the benchmarks have left in ``benchmarks/results/``.

``python -m benchmarks.page``. Only results of full size count. Rows of benchmarks without a result here stay as they
are, and so does the prose of the page.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

from benchmarks import harness

PAGE = harness.RESULTS.parents[1] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- figures: made by python -m benchmarks.page -->", "<!-- end of figures -->"
_TARGET = re.compile(r"T(\d+) ")
_COMMAND = re.compile(r"`python -m benchmarks\.(\w+)`")
#: Cells of a row of each table.
_FIGURE, _ORIGIN = 6, 8


def results() -> list[dict[str, Any]]:
    """Return every result of full size, by name."""
    paths = sorted(path for path in harness.RESULTS.glob("*.json") if ".tiny" not in path.name)
    return [json.loads(path.read_text("utf-8")) for path in paths]


def figures(found: list[dict[str, Any]], before: str = "") -> str:
    """Return the page's tables: one row a figure, then what each command ran on.

    Args:
        found: Results.
        before: The tables as they were, from which the rows of other benchmarks are taken.
    """
    names = {result["benchmark"] for result in found}
    rows = [_cells(result["benchmark"], ratio) for result in found for ratio in result["ratios"]]
    origins = [_origin(result) for result in found]
    for line in before.splitlines():
        cells = tuple(cell.strip() for cell in line.strip("|").split(" | "))
        if len(cells) == _FIGURE and cells[-1] not in {*names, "benchmark", "---"}:
            rows.append(cells)
        elif len(cells) == _ORIGIN and (command := _COMMAND.match(cells[0])) and command[1] not in names:
            origins.append(cells)
    rows.sort(key=lambda cells: (int(cells[0][1:]) if cells[0] else 99, cells[-1]))
    lines = [
        "| target | what | measured | bound | outcome | benchmark |",
        "| --- | --- | ---: | ---: | --- | --- |",
        *(f"| {' | '.join(cells)} |" for cells in rows),
        "",
        "| benchmark | took | measured at | commit | load before | after | Python | SQLite |",
        "| --- | ---: | --- | --- | ---: | ---: | --- | --- |",
        *(f"| {' | '.join(cells)} |" for cells in sorted(origins)),
    ]
    return "\n".join(lines)


def _cells(benchmark: str, ratio: dict[str, Any]) -> tuple[str, ...]:
    match = _TARGET.match(ratio["name"])
    name = ratio["name"][match.end() :] if match else ratio["name"]
    bound = f"{'≤' if ratio['at_most'] else '≥'} {_number(ratio['target'])}"
    outcome = "reached" if ratio["reached"] else "**missed**"
    return (f"T{match[1]}" if match else "", name, _number(ratio["value"]), bound, outcome, benchmark)


def _origin(result: dict[str, Any]) -> tuple[str, ...]:
    machine = result["machine"]
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(result["at"]))
    command = f"`python -m benchmarks.{result['benchmark']}`"
    took = f"{result['seconds']:.0f} s" if "seconds" in result else ""
    after = f"{machine['load_after']:.1f}" if "load_after" in machine else ""
    load = f"{machine['load']:.1f}"
    return (command, took, at, f"`{result['commit']}`", load, after, machine["python"], machine["sqlite"])


def _number(value: float) -> str:
    if value == int(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def main() -> None:
    """Put the figures into the page."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    tables, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n\n{figures(results(), tables)}\n\n{END}{after}", "utf-8")
    print(f"written: {PAGE}")


if __name__ == "__main__":
    main()
