"""Lines of a run's logs in the dashboard: both outputs in the order in which they were printed."""

from __future__ import annotations

from typing import Any

MODULE = "/static/pages/run_log_lines.js"


def shown(page: Any, *pages: dict[str, Any]) -> list[str]:
    found: list[str] = page.evaluate(
        f"async (pages) => (await import('{MODULE}')).shownLines(pages).map((line) => line.text)", list(pages)
    )
    return found


def part(start: int, *lines: tuple[str, float | None]) -> dict[str, Any]:
    return {"start": start, "lines": [{"text": text, "time": time} for text, time in lines]}


def test_lines_of_both_outputs_are_in_the_order_of_their_times(page: Any) -> None:
    output = part(0, ("a", 1.0), ("b", 3.0), ("c", 5.0))
    errors = part(0, ("x", 2.0), ("without a time, behind x", None), ("y", 4.0))
    assert shown(page, output, errors) == ["a", "x", "without a time, behind x", "b", "y", "c"]


def test_a_clock_that_was_set_back_keeps_the_order_of_each_output(page: Any) -> None:
    assert shown(page, part(0, ("a", 9.0), ("b", 1.0)), part(0, ("x", 5.0))) == ["x", "a", "b"]


def test_nothing_is_shown_of_the_time_that_only_one_output_is_known_of(page: Any) -> None:
    whole, end = part(0, ("a", 1.0), ("b", 3.0), ("c", 7.0)), part(4096, ("x", 3.0), ("y", 9.0))
    assert shown(page, whole, end) == ["b", "x", "c", "y"]
    assert shown(page, whole) == ["a", "b", "c"]
