"""The pages in a real browser, over a real daemon with real runs."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.annotation import AnnotationChange

HOSTILE = "<img src=x onerror=alert(1)> \" ' & ✓"


@pytest.fixture
def runs(client: TrainerClient, random_config: Callable[..., dict[str, Any]]) -> list[str]:
    """Three runs: two seeds of one experiment, and one of a hostile name."""
    ids = [client.submit(random_config(f"two seeds s{seed}", total_steps=2000, seed=seed)) for seed in (1, 2)]
    ids.append(client.submit(random_config("other", total_steps=500, env_id="Acrobot-v1")))
    for _ in client.watch(ids):
        pass
    client.annotate(ids[2], AnnotationChange(name=HOSTILE, add_tags=[HOSTILE[:90]], notes=HOSTILE * 20, starred=True))
    return ids


def test_seeds_are_folded_opened_and_drawn(runs: list[str], page: Any) -> None:
    page.wait_for_selector("tbody tr")
    assert page.locator("tbody tr").count() == 2
    folded = page.locator("tbody tr", has_text="two seeds")
    assert "n = 2" in folded.inner_text()
    assert "±" in folded.inner_text()
    folded.get_by_title("The single runs").click()
    page.wait_for_selector("tr.child")
    assert page.locator("tr.child").count() == 2
    folded.get_by_role("checkbox").first.click()
    page.wait_for_selector("canvas")
    assert all(run_id[-8:] in page.url for run_id in runs[:2])
    page.reload()
    page.wait_for_selector("canvas")
    assert "2 selected" in page.inner_text("body")


def test_a_query_filters_and_one_that_cannot_be_read_says_where(runs: list[str], page: Any) -> None:
    page.wait_for_selector("tbody tr")
    page.keyboard.press("/")
    page.keyboard.type("env:Acrobot*")
    eventually(lambda: page.locator("tbody tr").count() == 1)
    assert "q=env" in page.url
    page.get_by_role("searchbox").fill("retrun>4")
    page.wait_for_selector(".error")
    assert "did you mean return?" in page.inner_text(".error")
    page.get_by_role("searchbox").fill("env:none")
    page.wait_for_selector(".empty")
    page.get_by_text("Show all runs").click()
    eventually(lambda: page.locator("tbody tr").count() == 2)


def test_a_new_run_enters_and_moves_by_itself(page: Any, client: TrainerClient, endless: dict[str, Any]) -> None:
    page.wait_for_selector(".empty")
    run_id = client.submit({**endless, "run_name": "while it is open"})
    page.wait_for_selector("tbody tr", timeout=10_000)
    eventually(lambda: "running" in page.inner_text("tbody"))
    page.get_by_role("link", name="while it is open").click()
    page.wait_for_selector("canvas", timeout=20_000)
    page.get_by_role("button", name="Cancel").click()
    eventually(lambda: "cancelled" in page.inner_text("section"))
    assert client.get(run_id).state.value == "cancelled"


def test_the_page_goes_on_after_the_daemon_was_restarted(
    daemon_home: Path, page: Any, client: TrainerClient, endless: dict[str, Any]
) -> None:
    client.submit({**endless, "run_name": "before"})
    page.wait_for_selector("tbody tr", timeout=10_000)
    client.shutdown()
    with TrainerClient.connect(daemon_home) as following:
        following.submit({**endless, "run_name": "after"})
        eventually(lambda: "after" in page.inner_text("tbody"), timeout_s=60.0)


def test_every_tab_of_a_run_shows_what_is_known(runs: list[str], page: Any) -> None:
    origin = page.url.split("/#")[0].rstrip("/")
    for run_id in (runs[0], runs[2]):
        page.goto(f"{origin}/runs/{run_id}")
        page.wait_for_selector("canvas")
        assert "every line is accounted for" in page.inner_text("main")
        page.get_by_role("link", name="episodes").click()
        page.wait_for_selector("tbody tr")
        page.get_by_role("link", name="replay").last.click()
        page.wait_for_selector(".replay td")
        page.get_by_role("link", name="config").click()
        page.wait_for_selector("pre")
        assert '"total_steps"' in page.inner_text("pre")
        page.get_by_role("link", name="files").click()
        page.get_by_role("button", name="logs/").click()
        page.locator("tr", has_text=".stdout.jsonl").get_by_role("button", name="show").click()
        eventually(lambda: "run_started" in page.inner_text("pre"))
        page.reload()
        eventually(lambda: "run_started" in page.inner_text("pre"))


def test_metrics_are_found_smoothed_and_zoomed(runs: list[str], page: Any) -> None:
    page.goto(f"{page.url.split('/#')[0].rstrip('/')}/runs/{runs[0]}?tab=metrics&smooth=5")
    page.wait_for_selector("canvas")
    assert page.locator("section.pane").count() >= 2
    page.get_by_label("Find a series").fill("leng")
    eventually(lambda: page.locator("section.pane").count() == 1)

    def drag() -> bool:
        chart = page.locator(".u-over").bounding_box()
        page.mouse.move(chart["x"] + 40, chart["y"] + 40)
        page.mouse.down()
        page.mouse.move(chart["x"] + 120, chart["y"] + 40)
        page.mouse.move(chart["x"] + 200, chart["y"] + 40)
        page.mouse.up()
        return "zoom=" in page.url

    eventually(drag)
    page.reload()
    page.get_by_role("button", name="Whole range").click()
    eventually(lambda: "zoom=" not in page.url)


def test_selected_runs_are_compared(runs: list[str], page: Any) -> None:
    origin = page.url.split("/#")[0].rstrip("/")
    page.goto(f"{origin}/?sel={','.join(runs)}")
    page.get_by_text("3 selected").wait_for()
    page.get_by_role("link", name="Compare", exact=True).last.click()
    page.wait_for_selector("canvas")
    assert "env_id" in page.locator("thead").last.inner_text()
    page.get_by_label("together by").select_option("env")
    eventually(lambda: "CartPole-v1 (2)" in page.inner_text("main"))
    page.locator("tr", has_text="two seeds s1").get_by_role("button").click()
    eventually(lambda: "2 runs" in page.inner_text("h1"))
    assert runs[0] not in page.url


def test_a_failed_run_says_why_before_anything_else(
    page: Any, client: TrainerClient, endless: dict[str, Any], daemon_home: Path
) -> None:
    run_id = client.submit({**endless, "run_name": "fails"})
    eventually(lambda: client.get(run_id).steps > 0)
    os.kill(client.get(run_id).workers[0].pid or 0, signal.SIGKILL)
    for _ in client.watch([run_id]):
        pass
    (log,) = (daemon_home / "runs" / run_id / "logs").glob("*.stderr.log")
    with log.open("a") as stream:
        stream.write("warning: \x1b[33mlow\x1b[0m\n" * 300)
        for code, message in (("LOG430", "loaded"), ("LOG431", "saved")):
            record = {"level": "INFO", "code": code, "component": "Engine", "message": message}
            stream.write(json.dumps(record) + "\n")
        stream.write(
            "Traceback (most recent call last):\n  File 'a.py', line 1\nValueError: \x1b[31m<img src=x>\x1b[0m\n"
        )
    with next((daemon_home / "runs" / run_id / "logs").glob("*.stdout.jsonl")).open("a") as stream:
        stream.write("written by hand\n")
    page.get_by_role("link", name="fails").click()
    page.get_by_role("link", name="see why").click()
    page.wait_for_selector("pre.failure")
    assert "ValueError: <img src=x>" in page.inner_text("pre.failure")
    assert "\x1b" not in page.inner_text("main")
    assert page.locator("main img").count() == 0
    eventually(lambda: page.locator(".log .line").count() > 300)
    page.get_by_label("Lines that match").fill("Value.*x")
    eventually(lambda: page.locator(".log .line").count() == 1)
    page.get_by_label("Lines that match").fill("(")
    page.wait_for_selector(".error")
    page.get_by_label("Lines that match").fill("")
    page.get_by_label("Component").fill("engine")
    eventually(lambda: page.locator(".log .line").count() == 2)
    page.get_by_label("Log code").fill("LOG431")
    eventually(
        lambda: page.locator(".log .line").all_inner_texts() == [page.inner_text(".log .line:has-text('saved')")]
    )
    assert "component=engine&code=LOG431" in page.url
    page.get_by_label("Component").fill("")
    page.get_by_label("Log code").fill("")
    page.get_by_label("What is shown").select_option("both")
    for name, text in (("output", "by hand"), ("stderr", "loaded")):
        page.locator(f".log .line[data-stream={name}]", has_text=text).wait_for()
    page.get_by_label("What is shown").select_option("supervisor")
    eventually(lambda: "signal 9" in page.inner_text(".log") or "exit" in page.inner_text(".log"))


def test_logs_are_followed(page: Any, client: TrainerClient, endless: dict[str, Any]) -> None:
    run_id = client.submit(endless)
    page.goto(f"{page.url.split('/#')[0].rstrip('/')}/runs/{run_id}?tab=logs&stream=stdout")
    page.wait_for_selector(".log .line")
    lines = page.locator(".log .line").count()
    eventually(lambda: page.locator(".log .line").count() > lines)
    offset = page.evaluate(
        "(box => box.scrollHeight - box.scrollTop - box.clientHeight)(document.querySelector('.log'))"
    )
    assert offset < 40


def test_names_tags_and_notes_are_text_and_nothing_else(runs: list[str], page: Any) -> None:
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    page.wait_for_selector("tbody tr")
    assert HOSTILE in page.inner_text("tbody")
    page.get_by_role("link", name=HOSTILE).click()
    page.wait_for_selector(".facts")
    assert HOSTILE * 20 in page.inner_text(".facts >> nth=0")
    assert page.locator("main img").count() == 0
    assert alerts == []


def test_tags_and_stars_are_written_from_the_page(runs: list[str], page: Any, client: TrainerClient) -> None:
    page.goto(f"{page.url.split('/#')[0].rstrip('/')}/runs/{runs[0]}")
    page.get_by_label("Add a tag").fill("from the page")
    page.keyboard.press("Enter")
    page.get_by_label("Remove the tag from the page").wait_for()
    page.get_by_title("Mark with a star").click()
    eventually(lambda: client.get(runs[0]).starred)
    assert client.get(runs[0]).tags == ["from the page"]


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1366, 768), (2560, 1440)])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_scrolls_sideways(runs: list[str], page: Any, width: int, height: int, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": height})
    origin = page.url.split("/#")[0].rstrip("/")
    for path in ("/", f"/?sel={runs[0]}", f"/runs/{runs[0]}", f"/runs/{runs[2]}?tab=config"):
        page.goto(origin + path)
        page.wait_for_selector("main h1, main section")
        page.wait_for_timeout(300)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_without_a_token_nothing_is_shown(page: Any) -> None:
    page.context.clear_cookies()
    page.reload()
    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Enter").click()
    page.get_by_text("This one is wrong").wait_for()
    assert page.locator("tbody").count() == 0
