"""Runs are started from the pages: a real browser, a real daemon, real runs of the worker `random`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from waiting import eventually

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs.filter import RunFilter
from gym_gui.web.access import Role
from gym_gui.web.tokens import TokenStore

HOSTILE = "<img src=x onerror=alert(1)> \" ' & ✓ ${run_id}"
STEPS = '[id="field-config.total_steps"]'


@pytest.fixture
def reader(daemon_home: Path) -> str:
    """The token of a holder who may look and nothing else."""
    return TokenStore(daemon_home, "owner").add("bob", Role.READ)


@pytest.fixture
def show(page: Any) -> Callable[[str], None]:
    """Open a page of the dashboard."""
    origin = page.url.split("/#")[0].rstrip("/")

    def open_page(path: str) -> None:
        page.goto(origin + path)
        page.wait_for_selector("main h1")

    return open_page


def preview(page: Any) -> Any:
    """Return the run config that the page shows."""
    return json.loads(page.inner_text("[data-part=config]"))


def test_a_first_run_is_two_clicks_and_one_key(page: Any, client: TrainerClient) -> None:
    page.get_by_role("link", name="Start the first one").click()
    page.get_by_role("link", name="Random policy").click()
    page.wait_for_selector("#field-run_name:focus")
    page.keyboard.press("Enter")
    page.wait_for_url("**/runs/*")
    (run,) = client.list()
    assert run.run_id in page.url


def test_three_seeds_are_filled_in_corrected_started_and_found(
    show: Callable[[str], None], page: Any, client: TrainerClient
) -> None:
    show("/launch/random")
    page.fill("#field-seeds", "1-3")
    page.fill(STEPS, "many")
    page.wait_for_selector(".field.wrong")
    assert "is text; allowed: an integer, at least 0" in page.inner_text(".field.wrong")
    page.get_by_role("button", name="Start 3 runs").click()
    page.wait_for_selector(f"{STEPS}:focus")
    assert client.list() == []

    page.keyboard.press("Control+A")
    page.keyboard.type("200")
    page.wait_for_selector(".field.wrong", state="detached")
    assert page.inner_text("[data-part=command]") == "mosaic train random --seeds 1-3 --steps 200"
    assert preview(page)["metadata"]["worker"]["config"] == {"seed": 1, "total_steps": 200}
    page.reload()
    page.wait_for_selector(STEPS)
    assert (page.input_value("#field-seeds"), page.input_value(STEPS)) == ("1-3", "200")

    page.get_by_role("button", name="Start 3 runs").click()
    page.wait_for_url("**/?q=group*")
    eventually(lambda: page.locator("tbody tr").count() == 3)
    runs = client.list()
    assert sorted(run.seed for run in runs if run.seed is not None) == [1, 2, 3]
    (group,) = {run.group for run in runs}
    assert len(client.list(RunFilter(group=group))) == 3
    page.go_back()
    page.wait_for_selector("#field-seeds")
    assert page.input_value("#field-seeds") == ""


def test_what_the_daemon_refuses_is_shown_beside_its_field(
    show: Callable[[str], None], page: Any, client: TrainerClient
) -> None:
    show("/launch/random")
    page.fill('[id="field-config.env_id"]', "CartPol-v1")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_selector(".field.wrong", timeout=60_000)
    page.locator(".field.wrong").get_by_role("button", name="CartPole-v1").click()
    page.wait_for_selector(".field.wrong", state="detached")
    assert page.input_value('[id="field-config.env_id"]') == "CartPole-v1"
    assert client.list() == []


def test_only_what_was_touched_and_applies_is_sent(show: Callable[[str], None], page: Any) -> None:
    show("/launch/random")
    assert "config" not in preview(page)["metadata"]["worker"]
    page.select_option('[id="field-config.mode"]', label="evaluate")
    page.fill('[id="field-config.eval_episodes"]', "3")
    eventually(lambda: "eval_episodes" in page.inner_text("[data-part=config]"))
    assert page.locator(STEPS).count() == 0
    page.get_by_label("Mode: back to the default").click()
    page.wait_for_selector(STEPS)
    eventually(lambda: "config" not in preview(page)["metadata"]["worker"])
    page.get_by_role("checkbox", name="Observations").check()
    eventually(lambda: preview(page)["metadata"]["worker"].get("config") == {"observations": True})


def test_a_dry_run_is_seen_also_from_the_end_of_the_form(show: Callable[[str], None], page: Any) -> None:
    show("/launch/random")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("button", name="Dry run").click()
    page.wait_for_selector("text=it would run")
    eventually(lambda: 0 < page.get_by_text("it would run").bounding_box()["y"] < 700, "what it found is in view")


def test_the_bar_covers_nothing_that_the_keyboard_reaches(show: Callable[[str], None], page: Any) -> None:
    page.set_viewport_size({"width": 1366, "height": 400})
    show("/launch/random")
    page.evaluate("[...document.querySelectorAll('.sides section summary')].at(-1).focus()")
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    page.get_by_role("button", name="Copy the command").focus()
    covered = """() => { const box = document.activeElement.getBoundingClientRect();
      return !document.activeElement.contains(document.elementFromPoint(box.left + 4, box.top + box.height / 2)); }"""
    assert page.evaluate("document.activeElement.innerText") == "Copy the command"
    assert not page.evaluate(covered)


def test_secrets_are_not_in_the_command(show: Callable[[str], None], page: Any) -> None:
    show("/launch/random")
    page.locator("details", has_text="Environment variables").locator("summary").click()
    page.fill("#field-environment", '{"API_KEY": "hunter22"}')
    page.get_by_text("your shell must have API_KEY").wait_for()
    assert "hunter22" not in page.inner_text("[data-part=command]")


def test_hostile_text_is_text(show: Callable[[str], None], page: Any, client: TrainerClient) -> None:
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    show("/launch/random")
    notes = HOSTILE * 250
    assert len(notes) > 10_000
    page.fill("#field-notes", notes)
    page.fill("#field-run_name", HOSTILE.replace(" ${run_id}", ""))
    page.fill("#field-tags", '<b>x</b>, "quoted"')
    page.fill('[id="field-config.env_kwargs"]', '{"<script>": "</script>')
    page.wait_for_selector(".field.wrong")
    assert "is not JSON" in page.inner_text(".field.wrong")
    page.fill('[id="field-config.env_kwargs"]', "")
    page.fill(STEPS, "20")
    page.wait_for_selector(".field.wrong", state="detached")
    eventually(lambda: preview(page)["notes"] == notes)
    page.reload()
    page.wait_for_selector(STEPS)
    assert page.input_value("#field-notes") == notes
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url("**/runs/*")
    (run,) = client.list()
    assert (client.details(run.run_id).config["notes"], run.tags[0]) == (notes, "<b>x</b>")
    assert page.locator("main img, main script, main b").count() == 0
    assert alerts == []


def test_a_run_is_started_again_with_another_seed(
    show: Callable[[str], None], page: Any, client: TrainerClient, random_config: Callable[..., dict[str, Any]]
) -> None:
    run_id = client.submit({**random_config("random CartPole-v1 s1", total_steps=30), "tags": ["kept"]})
    show(f"/runs/{run_id}")
    page.get_by_role("link", name="Run again").click()
    page.wait_for_selector(STEPS)
    assert (page.input_value("#field-seeds"), page.input_value(STEPS)) == ("1", "30")
    offered = page.locator('[id="field-config.env_id-list"] option')
    eventually(lambda: [each.get_attribute("value") for each in offered.all()] == ["CartPole-v1"])
    page.go_back()
    page.get_by_role("link", name="with another seed").click()
    page.wait_for_selector(STEPS)
    assert (page.input_value("#field-seeds"), page.input_value("#field-tags")) == ("", "kept")
    page.get_by_role("button", name="Start", exact=True).click()
    page.wait_for_url(lambda url: "/runs/" in url and run_id not in url)
    again = client.list()[0]
    assert (again.tags, again.run_id != run_id) == (["kept"], True)


def test_values_are_saved_as_a_preset_and_applied(show: Callable[[str], None], page: Any) -> None:
    show("/launch/random")
    page.fill("#field-seeds", "7")
    page.get_by_text("Presets").click()
    page.get_by_label("Name of a preset").fill(HOSTILE)
    page.keyboard.press("Enter")
    page.get_by_text("Saved", exact=True).wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Clear").click()
    eventually(lambda: page.input_value("#field-seeds") == "")
    page.get_by_text("Presets").click()
    page.get_by_role("button", name=HOSTILE, exact=True).click()
    eventually(lambda: page.input_value("#field-seeds") == "7")
    page.get_by_text("Presets").click()
    page.get_by_label(f"Delete the preset {HOSTILE}").click()
    page.get_by_text("None is saved").wait_for()


def test_workers_their_fields_and_the_daemon_are_shown(
    show: Callable[[str], None], page: Any, client: TrainerClient, daemon_home: Path
) -> None:
    show("/workers")
    page.locator("section[data-worker=random]").get_by_role("link", name="Settings").click()
    page.get_by_text("Settings of Random policy").wait_for()
    assert "total_steps" in page.inner_text("main")
    show("/status")
    page.get_by_text("✓ answers").wait_for()
    assert str(daemon_home) in page.inner_text("main")
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Token").wait_for()
    page.reload()
    page.get_by_label("Token").wait_for()


def test_a_reader_is_offered_no_start(
    client: TrainerClient, reader: str, page: Any, show: Callable[[str], None]
) -> None:
    page.goto(f"{page.url.split('#')[0]}#token={reader}")
    page.reload()
    page.get_by_role("link", name="Status").click()
    page.get_by_text("bob").wait_for()
    assert page.get_by_role("link", name="Start").count() == 0
    show("/launch/random")
    assert page.get_by_role("button", name="Start").count() == 0


@pytest.mark.parametrize("width", [390, 1366])
def test_nothing_scrolls_sideways(show: Callable[[str], None], page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/launch", "/launch/random", "/launch/cleanrl", "/workers?worker=cleanrl", "/status"):
        show(path)
        page.wait_for_timeout(200)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
