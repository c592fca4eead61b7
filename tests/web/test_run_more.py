"""What can be done to a run on its page beside cancelling it: name, notes, verify, archive."""

from __future__ import annotations

from typing import Any

import pytest
from waiting import eventually

from gym_gui.rpc.client import TrainerClient

NAME = "<b>best</b> run"


@pytest.fixture
def run_id(client: TrainerClient, random_config: Any) -> str:
    run_id = client.submit(random_config(total_steps=50))
    list(client.watch([run_id]))
    return run_id


@pytest.fixture
def shown(page: Any, run_id: str) -> Any:
    page.goto(page.url.split("/#")[0].rstrip("/") + f"/runs/{run_id}")
    page.wait_for_selector("main h1")
    return page


def test_a_run_gets_another_name_and_notes(shown: Any, client: TrainerClient, run_id: str) -> None:
    shown.get_by_role("button", name="Name and notes").click()
    shown.get_by_role("textbox", name="Name").fill(NAME)
    shown.get_by_role("textbox", name="Notes").fill("two\nlines")
    shown.get_by_role("button", name="Save", exact=True).click()
    shown.get_by_role("heading", name=NAME).wait_for()
    run = client.get(run_id)
    assert (run.run_name, run.notes) == (NAME, "two\nlines")


def test_a_run_is_verified_and_archived(shown: Any, client: TrainerClient, run_id: str) -> None:
    shown.get_by_role("button", name="Verify").click()
    shown.get_by_text("the books balance").wait_for()
    shown.get_by_role("button", name="Resume", exact=False).first.click()
    shown.get_by_text("It has saved no checkpoint").wait_for()
    shown.get_by_role("button", name="Archive").click()
    shown.get_by_role("button", name="Archive it").click()
    shown.wait_for_url("**/")
    eventually(lambda: client.list() == [], "the run is gone")
    shown.goto(shown.url.split("/?")[0].rstrip("/") + "/status")
    shown.get_by_role("button", name="Restore").click()
    shown.get_by_role("link", name="restored").click()
    shown.wait_for_url(f"**/runs/{run_id}")
    assert [run.run_id for run in client.list()] == [run_id]


def test_what_it_used_is_drawn(shown: Any, run_id: str) -> None:
    shown.get_by_role("link", name="system").click()
    shown.get_by_text("It was not measured").or_(shown.get_by_role("region", name="Memory")).first.wait_for()


def test_runs_that_go_on_from_it_are_listed_with_their_results(
    page: Any, client: TrainerClient, run_id: str, random_config: Any
) -> None:
    child = client.submit({**random_config(total_steps=50), "run_name": NAME}, parent_run_id=run_id)
    list(client.watch([child]))
    page.goto(page.url.split("/#")[0].rstrip("/") + f"/runs/{run_id}")
    row = page.locator("tr", has_text=NAME)
    row.get_by_role("link", name=NAME).click()
    page.wait_for_url(f"**/runs/{child}")
    page.get_by_role("link", name="continues another run").click()
    page.wait_for_url(f"**/runs/{run_id}")
