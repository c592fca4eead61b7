"""The list of runs in a real browser: columns, groups with any statistic, named views, CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from program_runs import submit_all
from waiting import eventually
from web_servers import Ask

from gym_gui.rpc.client import TrainerClient


@pytest.fixture
def sweep(client: TrainerClient) -> list[str]:
    """Three seeds each of two learning rates, with a metric `loss`; one of the second has a return far off."""
    cases = [(lr, seed) for lr in (0.1, 0.01) for seed in (1, 2, 3, 4)]
    returns = [[-9000.0 if (lr, seed) == (0.01, 4) else 100 * lr + seed] * 20 for lr, seed in cases]
    names = [f"lr {lr} s{seed}" for lr, seed in cases]
    settings = [{"lr": lr, "seed": seed} for lr, seed in cases]
    return submit_all(client, names, returns, [[seed / 2] for _, seed in cases], settings)


def origin(page: Any) -> str:
    return str(page.url).split("/#")[0].rstrip("/")


def cells(page: Any, column: str) -> list[str]:
    return [each.strip() for each in page.locator(f"tbody td[data-column='{column}']").all_inner_texts()]


def test_settings_and_metrics_become_columns_that_the_address_keeps(page: Any, sweep: list[str]) -> None:
    page.goto(f"{origin(page)}/?group=none&sort=name")
    page.wait_for_selector("tbody tr")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_label("config.lr", exact=True).click()
    page.get_by_label("metric.loss", exact=True).click()
    page.get_by_label("Find a column").fill("zzz")
    page.get_by_label("worker", exact=True).click()
    page.get_by_label("Move metric.loss to the left").click()
    page.keyboard.press("Escape")
    eventually(lambda: cells(page, "config.lr") == ["0.01"] * 4 + ["0.1"] * 4)
    eventually(lambda: cells(page, "metric.loss") == ["0.5", "1", "1.50", "2"] * 2)
    assert cells(page, "worker") == []
    assert page.url.endswith("submitted,metric.loss,config.lr") or "metric.loss,config.lr" in page.url
    assert len(page.url) < 300
    page.reload()
    eventually(lambda: cells(page, "metric.loss") == ["0.5", "1", "1.50", "2"] * 2)


def test_the_title_of_a_metric_sorts_by_it(page: Any, sweep: list[str]) -> None:
    page.goto(f"{origin(page)}/?group=none&cols=name,metric.loss")
    page.get_by_role("button", name="loss").click()
    eventually(lambda: cells(page, "metric.loss") == ["2", "2", "1.50", "1.50", "1", "1", "0.5", "0.5"])
    page.get_by_role("button", name="loss").click()
    eventually(lambda: cells(page, "metric.loss") == ["0.5", "0.5", "1", "1", "1.50", "1.50", "2", "2"])


def test_a_column_is_made_wider(page: Any, sweep: list[str]) -> None:
    page.wait_for_function("document.querySelectorAll('tbody tr').length === 2")
    page.locator("th .resize").nth(1).hover()  # waits until the column stands still
    box = page.locator("th .resize").nth(1).bounding_box()
    page.mouse.move(box["x"] + 3, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + 63, box["y"] + 5, steps=3)
    page.mouse.up()
    page.wait_for_url("**w=name.*")
    width = page.locator("th").nth(2).bounding_box()["width"]
    page.reload()
    page.wait_for_selector("tbody tr")
    assert abs(page.locator("th").nth(2).bounding_box()["width"] - width) < 2


def test_runs_are_grouped_by_a_setting_with_any_statistic_and_one_far_off_is_named(page: Any, sweep: list[str]) -> None:
    page.goto(f"{origin(page)}/?group=config.lr&sort=-return&q=lr")
    page.wait_for_selector("tbody tr")
    assert page.locator("tbody tr").count() == 2
    assert cells(page, "seed") == ["n = 4", "n = 4"]
    assert "1 of 4 far off" in page.inner_text("tbody")
    page.get_by_label("Centre of several runs").select_option("median")
    page.get_by_label("Band around it").select_option("range")
    eventually(lambda: cells(page, "return")[0] == "12.5 11.0 to 14.0")
    page.locator("tbody tr", has_text="far off").get_by_title("The single runs").click()
    page.wait_for_selector("tr.child")
    assert page.locator("tr.child", has_text="far off").count() == 1
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV", exact=True).click()
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    assert (rows[0]["n"], float(rows[0]["return"]), float(rows[0]["return low"])) == ("4", 12.5, 11.0)


def test_a_view_is_saved_opened_and_shared(page: Any, sweep: list[str]) -> None:
    page.goto(f"{origin(page)}/?group=config.lr&cols=name,return,config.lr&stat=iqm.bootstrap")
    page.wait_for_selector("tbody tr")
    here = page.url
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("Name of the view").fill("by lr / ä")
    page.get_by_role("button", name="Save this view").click()
    page.get_by_label("Delete the view by lr / ä").wait_for()
    page.goto(f"{origin(page).split('/?')[0]}/views/by%20lr%20%2F%20%C3%A4")
    page.wait_for_url(here)
    page.wait_for_selector("tbody tr")
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("Delete the view by lr / ä").click()
    page.get_by_text("A view is what you see").wait_for()
    page.goto(f"{origin(page).split('/?')[0]}/views/gone")
    page.get_by_text("there is no view 'gone'").wait_for()


def test_selected_runs_of_one_row_are_one_line(page: Any, sweep: list[str]) -> None:
    page.wait_for_selector("tbody tr")
    page.locator("tbody tr", has_text="lr 0.1").get_by_role("checkbox").click()
    page.wait_for_selector("canvas")
    eventually(lambda: "lr 0.1 (4)" in (page.locator("figure [role=img]").get_attribute("aria-label") or ""))
    page.get_by_role("link", name="Compare", exact=True).last.click()
    eventually(lambda: "4 runs" in page.inner_text("h1"))
    assert "by=seeds" in page.url
    assert len(page.url) < 300


@pytest.mark.parametrize("address", ["//evil.example/", "https://e.example/", "/api/v1/runs", "/a b", "/" + "x" * 5000])
def test_a_view_is_a_page_of_the_dashboard(ask: Ask, address: str) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        answer = await http.put("/api/v1/views/mine", json={"address": address})
        assert answer.status_code == 409
        assert answer.json()["error"]["next"]
        assert (await http.get("/api/v1/views")).json() == {"views": {}}

    ask(act)


def test_views_are_kept_by_name(ask: Ask, daemon_home: Path) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        for name in ("%20", "a%1b", "n" * 81):
            assert (await http.put(f"/api/v1/views/{name}", json={"address": "/"})).status_code == 409
        assert (await http.put("/api/v1/views/b", json={"address": "/?q=1"})).status_code == 204
        assert (await http.put("/api/v1/views/a", json={"address": "/compare?q=2"})).status_code == 204
        assert (await http.get("/api/v1/views")).json() == {"views": {"a": "/compare?q=2", "b": "/?q=1"}}
        assert (await http.get("/api/v1/views/a")).json() == {"address": "/compare?q=2"}
        assert (await http.delete("/api/v1/views/a")).status_code == 204
        assert (await http.delete("/api/v1/views/a")).status_code == 409
        (daemon_home / "web" / "views.json").write_text("{")
        broken = await http.get("/api/v1/views")
        assert (broken.status_code, broken.json()["error"]["where"]) == (503, str(daemon_home / "web" / "views.json"))

    ask(act)


def test_metrics_are_columns_of_runs_and_of_groups(
    ask: Ask, client: TrainerClient, sweep: list[str], random_config: Callable[..., dict[str, Any]]
) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        asked = {"columns": "metric.loss,metric.none,config.lr", "sort": "name", "q": "lr"}
        runs = (await http.get("/api/v1/runs", params=asked)).json()["runs"]
        assert [run["values"]["metric.loss"] for run in runs] == [[0.5], [1.0], [1.5], [2.0]] * 2
        assert all(run["values"]["metric.none"] == [] for run in runs)
        groups = (await http.get("/api/v1/runs", params={**asked, "group_by": "config.lr"})).json()["groups"]
        assert [group["values"]["config.lr"] for group in groups] == [[0.01], [0.1]]
        assert [sorted(group["values"]["metric.loss"]) for group in groups] == [[0.5, 1.0, 1.5, 2.0]] * 2
        assert [len(group["far"]) for group in groups] == [1, 0]
        down = (await http.get("/api/v1/runs", params={"sort": "-metric.loss,name", "q": "lr"})).json()["runs"]
        assert [run["name"][-2:] for run in down] == ["s4", "s4", "s3", "s3", "s2", "s2", "s1", "s1"]
        assert (await http.get("/api/v1/runs", params={"sort": "metric."})).status_code == 422
        every = (await http.get("/api/v1/runs", params={"columns": "config.*", "limit": 1})).json()["runs"][0]
        assert every["values"]["config.lr"] == [0.01]

    ask(act)
