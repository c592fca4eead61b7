"""An episode is shown step by step in the browser, with its pictures, or with the reason why there are none."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from waiting import eventually
from web_servers import TOKENS

from gym_gui.rpc.client import TrainerClient


@pytest.fixture
def run_id(client: TrainerClient, random_config: Callable[..., dict[str, Any]]) -> str:
    """Six episodes with observations, of which the even ones have steps."""
    run_id = client.submit(random_config(episodes=6, observations=True, steps="episodes:2"))
    for _ in client.watch([run_id]):
        pass
    return run_id


async def episode_of(http: httpx.AsyncClient, run_id: str, index: int) -> dict[str, Any]:
    episodes = (await http.get(f"/api/v1/runs/{run_id}/episodes")).json()["episodes"]
    found: dict[str, Any] = next(each for each in episodes if each["ep_index"] == index)
    return found


def test_pictures_come_line_by_line(ask: Any, run_id: str) -> None:
    async def look(http: httpx.AsyncClient) -> None:
        episode = await episode_of(http, run_id, 2)
        base = f"/api/v1/runs/{run_id}/episodes"
        assert (await http.get(f"{base}/{episode['id']}")).json() == episode
        answer = await http.get(f"{base}/{episode['id']}/replay", params={"max_side": 64})
        assert answer.headers["content-type"].startswith("application/x-ndjson")
        lines = [json.loads(line) for line in answer.text.splitlines()]
        frames = [line["frame"] for line in lines if "frame" in line]
        assert [frame["number"] for frame in frames] == list(range(episode["steps"] + 1))
        assert base64.b64decode(frames[0]["data"]).startswith(b"\x89PNG")
        assert lines[-1]["end"]["outcome"] == "reproduced"

        missing = await http.get(f"{base}/12345")
        assert (missing.status_code, missing.json()["error"]["what"]) == (404, f"run {run_id} has no such episode")
        for path, status in (("12345/replay", 409), (f"{episode['id']}/replay?source=dreamt", 422), ("-1/replay", 422)):
            refused = await http.get(f"{base}/{path}")
            assert (refused.status_code, bool(refused.json()["error"]["what"])) == (status, True)

    ask(look)


def test_a_token_that_may_only_read_starts_no_program(ask: Any, run_id: str) -> None:
    async def look(http: httpx.AsyncClient) -> None:
        episode = await episode_of(http, run_id, 0)
        headers = {"authorization": f"Bearer {TOKENS['read']}"}
        answer = await http.get(f"/api/v1/runs/{run_id}/episodes/{episode['id']}/replay", headers=headers)
        (line,) = answer.text.splitlines()
        end = json.loads(line)["end"]
        assert (end["outcome"], end["frames"]) == ("none", 0)
        assert "may not start the program" in end["reason"]
        assert "--role run" in end["next_step"]

    ask(look)


def test_an_episode_is_played_in_the_page(page: Any, run_id: str) -> None:
    page.goto(f"{page.url.split('#')[0].rstrip('/')}/runs/{run_id}?tab=episodes")
    row = page.locator("tbody tr", has=page.locator("td:first-child", has_text="4"))
    row.get_by_role("link", name="replay").click()
    page.wait_for_selector(".screen img", timeout=30_000)
    page.wait_for_selector(".origin .green", timeout=30_000)
    assert "are as recorded" in page.inner_text(".origin")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    eventually(lambda: "step=3" in page.evaluate("location.search"))
    assert page.locator("tr[aria-current=step]").inner_text().split()[0] == "3"
    assert page.locator(".bars svg").count() == 4
    third = page.get_attribute(".screen img", "src")
    page.reload()
    page.wait_for_selector("tr[aria-current=step]")
    page.wait_for_selector(".screen img:not(.stale)", timeout=30_000)
    assert page.locator("tr[aria-current=step]").inner_text().split()[0] == "3"
    page.get_by_label("Steps per second").select_option("120")
    page.get_by_role("button", name="Play").click()
    eventually(lambda: "terminated" in page.inner_text("h3"), timeout_s=20.0)
    page.get_by_role("button", name="First step").click()
    eventually(lambda: "before the first step" in page.inner_text(".pane h3"))
    eventually(lambda: "step=" not in page.evaluate("location.search"))
    assert page.get_attribute(".screen img", "src") != third
    page.get_by_role("button", name="← Episodes").click()
    page.wait_for_selector("tbody tr")
    page.go_back()
    page.wait_for_selector(".screen")
    page.go_back()


def test_an_episode_without_steps_says_what_to_do(page: Any, run_id: str) -> None:
    page.goto(f"{page.url.split('#')[0].rstrip('/')}/runs/{run_id}?tab=episodes&esort=index")
    page.wait_for_selector("tbody tr")
    page.get_by_role("link", name="replay").nth(1).click()
    page.wait_for_selector(".origin code")
    assert "sampled out" in page.inner_text(".origin")
    assert "--set steps=all" in page.inner_text(".origin")
    page.keyboard.press("Escape")
    page.wait_for_selector("tbody tr")
