"""Charts in a real browser: statistics equal to Python's, outliers at the edge, comparisons that can be shared."""

from __future__ import annotations

import csv
import io
import math
import random
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from program_runs import submit_all
from waiting import eventually
from web_servers import Ask

from gym_gui.reading.curves import Line
from gym_gui.reading.statistics import CENTRES, SPREADS, Statistic, far_values, interval_of, statistic_band
from gym_gui.rpc.client import TrainerClient


@pytest.fixture
def ten(client: TrainerClient) -> list[str]:
    """Ten seeds of one experiment, of which the fourth diverged and the seventh has returns that are NaN."""
    source = random.Random(1)
    returns: list[list[Any]] = [[place * 5 + source.random() * 20 for place in range(40)] for _ in range(10)]
    returns[3][20:] = [-20_000.0] * 20
    returns[6][20:23] = ["nan"] * 3
    losses: list[list[Any]] = [[]] * 6 + [[1.0, "nan", 2.0, "inf", 3.0]] + [[]] * 3
    seeds = range(1, 11)
    return submit_all(client, [f"ten s{seed}" for seed in seeds], returns, losses, [{"seed": seed} for seed in seeds])


def origin(page: Any) -> str:
    return str(page.url).split("/#")[0].rstrip("/")


def in_browser(page: Any, module: str, body: str, argument: Any) -> Any:
    """Return what a function body returns that has a module of the pages as `m` and an argument as `a`."""
    return page.evaluate(f"async (a) => {{ const m = await import('/static/{module}'); {body} }}", argument)


def near(found: list[float], expected: list[float]) -> bool:
    pairs = zip(found, expected, strict=True)
    return all(math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9) for one, other in pairs)


def test_the_browser_computes_what_python_does(page: Any) -> None:
    source = random.Random(3)
    for count in (1, 2, 3, 4, 5, 10, 33):
        lines = [
            Line(
                "", tuple(sorted(source.uniform(0, 9) for _ in range(20))), tuple(source.gauss(9, 5) for _ in range(20))
            )
            for _ in range(count)
        ]
        strata = [source.choice("ab") for _ in lines]
        curves = [{"x": line.steps, "y": line.returns} for line in lines]
        values = [line.returns[0] for line in lines]
        assert in_browser(page, "statistics.js", "return m.farValues(a)", [*values, 1e9]) == far_values([*values, 1e9])
        for centre in CENTRES:
            for spread in SPREADS:
                statistic = Statistic(centre, spread)
                wanted = statistic_band(lines, statistic, strata, points=15)
                asked = {"curves": curves, "strata": strata, "of": [centre, spread], "values": values}
                band = in_browser(
                    page, "statistics.js", "return m.band(a.curves, ...a.of, {strata: a.strata, points: 15})", asked
                )
                assert band["count"] == count
                for mine, theirs in (("x", "steps"), ("y", "centre"), ("low", "low"), ("high", "high")):
                    assert near(band[mine], getattr(wanted, theirs)), (count, centre, spread, mine)
                one = in_browser(page, "statistics.js", "return m.interval(a.values, ...a.of)", asked)
                interval = interval_of(values, statistic)
                assert interval is not None
                assert near([one["centre"], one["low"], one["high"]], [interval.centre, interval.low, interval.high])


@pytest.mark.parametrize("far", [-20_000.0, 1e9, 5_000.0])
def test_one_diverged_run_of_ten_leaves_the_others_most_of_the_height(page: Any, far: float) -> None:
    lines = [{"x": [0, 1, 2], "y": [0, 100 + number, 500 - number]} for number in range(9)]
    lines.append({"x": [0, 1, 2], "y": [0, 100, far]})
    found = in_browser(page, "ui/chart_range.js", "return m.verticalRange(a, [0, 2], false, true)", lines)
    low, high = found["range"]
    assert low <= 0 < 500 <= high
    assert 500 / (high - low) >= 0.6
    assert found["beyond"] == 1
    frame = {"x": [0, 2], "y": found["range"]}
    beyond = in_browser(
        page,
        "ui/chart_draw.js",
        "return a.lines.flatMap((line) => m.beyond(line, a.frame))",
        {"lines": lines, "frame": frame},
    )
    assert [(mark["x"], mark["value"], mark["up"]) for mark in beyond] == [(2, far, far > 0)]
    whole = in_browser(page, "ui/chart_range.js", "return m.verticalRange(a, [0, 2], false, false)", lines)
    assert whole["beyond"] == 0


def test_noise_and_a_few_good_runs_are_shown_whole(page: Any) -> None:
    lines = [{"x": [0, 1], "y": [0, 100 * number]} for number in range(1, 6)]
    found = in_browser(page, "ui/chart_range.js", "return m.verticalRange(a, [0, 1], false, true)", lines)
    assert found["beyond"] == 0


def test_what_is_not_finite_is_a_gap_with_a_mark(page: Any, ten: list[str]) -> None:
    answer = page.request.get(f"{origin(page)}/api/v1/series?runs={ten[6]}&name=loss").json()["series"][0]["lines"][0]
    body = "return m.linesOf(a, {label: 'loss', colour: '#000000'}, 0)"
    (line,) = in_browser(page, "series_lines.js", body, answer)
    assert line["x"] == [0, 10, 20, 30, 40]
    assert line["y"] == [1, None, 2, None, 3]
    assert [(mark["x"], mark["kind"]) for mark in line["marks"]] == [(10, "nan"), (30, "+inf")]


def test_seeds_become_one_line_with_any_statistic_and_the_address_keeps_it(page: Any, ten: list[str]) -> None:
    page.goto(f"{origin(page)}/compare?q=env%3ATen*&by=seeds")
    page.wait_for_selector("canvas")
    page.get_by_label("Centre of several runs").select_option("iqm")
    page.get_by_label("Band around it").select_option("bootstrap")
    eventually(lambda: "stat=iqm.bootstrap" in page.url)
    groups = page.locator("table.groups tbody tr")
    assert groups.count() == 1
    assert "10" in groups.inner_text()
    assert page.get_by_text("far off").count() == 1
    assert page.get_by_text("diverged").count() == 1
    assert len(page.url) < 300
    shown = page.locator("main").inner_text()
    page.reload()
    page.wait_for_selector("canvas")
    eventually(lambda: page.locator("main").inner_text() == shown)
    page.get_by_role("button", name="beyond the edge").click()
    page.get_by_role("button", name="Robust axis").wait_for()


def test_two_libraries_with_the_same_settings_are_not_one_line(page: Any, ten: list[str]) -> None:
    """The answer is changed on its way, as if half of the runs were another worker's."""

    def as_two_workers(route: Any) -> None:
        found = route.fetch()
        answer = found.json()
        for place, run in enumerate(answer["runs"]):
            run["worker"] = "sb3" if place % 2 else "ray"
        route.fulfill(response=found, json=answer)

    page.route("**/api/v1/compare?*", as_two_workers)
    page.goto(f"{origin(page)}/compare?q=env%3ATen*&by=seeds")
    page.wait_for_selector("canvas")
    names = page.locator("table.groups tbody tr td:first-child").all_inner_texts()
    assert {name.split(" · ")[0] for name in names} == {"sb3", "ray"}
    assert "worker" in page.locator("thead").last.inner_text()
    assert "Settings in which they differ" in page.inner_text("main")


def test_a_chart_and_a_comparison_are_saved(page: Any, ten: list[str]) -> None:
    page.goto(f"{origin(page)}/compare?runs={','.join(run_id[-8:] for run_id in ten)}")
    page.wait_for_selector("canvas")
    for kind, begin in (("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("CSV", b"line,")):
        page.get_by_role("button", name="Save the chart").click()
        with page.expect_download() as download:
            page.get_by_role("button", name=kind, exact=True).click()
        assert Path(download.value.path()).read_bytes().startswith(begin)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert [row["id"] for row in rows] == ten
    assert [row["seed"] for row in rows] == [str(seed) for seed in range(1, 11)]


def test_runs_are_selected_in_a_scatter_plot_and_parallel_coordinates(page: Any, ten: list[str]) -> None:
    page.goto(f"{origin(page)}/compare?q=env%3ATen*&view=scatter&sx=seed")
    page.wait_for_selector(".plane canvas")

    def drag(box: dict[str, float], start: tuple[float, float], end: tuple[float, float]) -> None:
        page.mouse.move(box["x"] + box["width"] * start[0], box["y"] + box["height"] * start[1])
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * end[0], box["y"] + box["height"] * end[1], steps=3)
        page.mouse.up()

    drag(page.locator(".plane canvas").bounding_box(), (0.03, 0.02), (0.5, 0.98))
    page.get_by_text("5 selected").wait_for()
    assert len(page.url) < 300
    page.reload()
    page.get_by_text("5 selected").wait_for()
    page.get_by_role("button", name="Parallel coordinates").click()
    page.get_by_text("5 selected").wait_for()
    page.get_by_role("button", name="Select none").click()
    page.wait_for_selector(".plane canvas")
    drag(page.locator(".plane canvas").bounding_box(), (0.955, 0.02), (0.955, 0.5))
    page.get_by_text("8 selected").wait_for()
    page.get_by_role("link", name="Compare these alone").click()
    eventually(lambda: "8 runs" in page.inner_text("h1"))


@pytest.mark.long
def test_no_extreme_of_a_million_values_is_lost_on_its_way_to_the_browser(client: TrainerClient, ask: Ask) -> None:
    program = """
import os, random
source = random.Random(5)
head = '{"run_id": "%s", "worker_id": "%s", "event_type": "metric", "step": '
head %= os.environ["MOSAIC_RUN_ID"], os.environ["WORKER_ID"]
values = [source.gauss(0, 1) for _ in range(1_000_000)]
values[123_456], values[777_777] = 1e6, -1e6
with os.fdopen(1, "w", 1 << 20) as out:
    for step, value in enumerate(values):
        out.write('%s%d, "values": {"loss": %r}}\\n' % (head, step, value))
"""
    run_id = client.submit({"run_name": "million", "entry_point": sys.executable, "arguments": ["-c", program]})
    for _ in client.watch([run_id]):
        pass
    source = random.Random(5)
    values = [source.gauss(0, 1) for _ in range(1_000_000)]
    values[123_456], values[777_777] = 1e6, -1e6

    async def act(http: Any) -> None:
        asked = {"runs": run_id, "name": "loss", "points": 600}
        (line,) = (await http.get("/api/v1/series", params=asked)).json()["series"][0]["lines"]
        assert sum(line["count"]) == 1_000_000
        for first, last, low, high in zip(line["first_x"], line["last_x"], line["low"], line["high"], strict=True):
            there = values[int(first) : int(last) + 1]
            assert (low, high) == (min(there), max(there))
        zoomed = {**asked, "low": 123_400, "high": 123_500}
        (line,) = (await http.get("/api/v1/series", params=zoomed)).json()["series"][0]["lines"]
        assert (line["width"], line["mean"]) == (1, values[123_400:123_501])

    ask(act)


def test_fingers_zoom_a_chart_move_it_and_show_it_whole(page: Any, ten: list[str]) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{origin(page)}/compare?runs={','.join(ten)}")
    page.wait_for_selector(".u-over")
    box = page.locator(".u-over").first.bounding_box()
    middle, height = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    devtools = page.context.new_cdp_session(page)

    def touch(kind: str, *places: float) -> None:
        points = [{"x": place, "y": height, "id": number} for number, place in enumerate(places)]
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def zoom() -> list[float]:
        (asked,) = parse_qs(page.evaluate("location.search.slice(1)")).get("zoom", [""])
        return [float(part) for part in asked.split("_")] if asked else []

    def drag() -> list[float]:
        touch("touchStart", middle)
        for far in (20, 40, 60):
            touch("touchMove", middle + far)
        touch("touchEnd")
        return zoom()

    def tap_twice() -> list[float]:
        for _ in range(2):
            touch("touchStart", middle)
            touch("touchEnd")
        return zoom()

    touch("touchStart", middle - 20, middle + 20)
    for far in (40, 60, 80):
        touch("touchMove", middle - far, middle + far)
    touch("touchEnd")
    eventually(lambda: len(zoom()) == 2)
    low, high = zoom()
    # Until the chart has drawn the range: a finger on one that is just being replaced moves nothing.
    eventually(lambda: drag() != [low, high])
    moved = zoom()
    assert moved[0] < low
    assert math.isclose(moved[1] - moved[0], high - low, rel_tol=1e-3)
    eventually(lambda: tap_twice() == [])
