"""Live frames over HTTP and in the page: pictures, the switch, roles, and that closing the page ends them."""

from __future__ import annotations

import io
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from waiting import eventually
from web_servers import TOKENS, Ask

from gym_gui.core.worker.frame_request import LEASE_S
from gym_gui.rpc.client import TrainerClient

Config = Callable[..., dict[str, Any]]


@pytest.fixture
def run_id(client: TrainerClient, random_config: Config) -> str:
    """A run that shows its environment until it is cancelled."""
    run_id = client.submit(random_config("shown", total_steps=10**9, step_rate=500.0, steps="none", render="on"))
    eventually(lambda: client.frames(run_id)[0].state == "live", "it shows")
    return run_id


def test_pictures_the_switch_and_roles(ask: Ask, client: TrainerClient, run_id: str) -> None:
    base = f"/api/v1/runs/{run_id}/frames"

    async def act(http: httpx.AsyncClient) -> None:
        (worker,) = (await http.get(base)).json()["workers"]
        assert (worker["state"], worker["on"], worker["age"], worker["environments"]) == ("live", True, None, 1)
        for role, status in (("read", 403), ("run", 200)):
            headers = {"authorization": f"Bearer {TOKENS[role]}"}
            assert (await http.patch(base, json={"on": False}, headers=headers)).status_code == status
            assert (await http.get(base, headers=headers)).status_code == 200
        assert (await http.get(base)).json()["workers"][0]["state"] == "off"
        assert (await http.patch(base, json={"on": True})).json()["workers"][0]["state"] == "live"
        for wrong in ({"layout": "circle"}, {"place": -1}, {"other": 1}):
            assert (await http.patch(base, json=wrong)).status_code == 422
        for wrong in ({"fps": 0}, {"fps": 100}, {"width": 5000}, {"quality": 0}):
            assert (await http.get(f"{base}/stream", params=wrong)).status_code == 422
        assert (await http.get(f"{base}/stream", params={"worker": "x"})).status_code == 404

    ask(act)
    client.cancel(run_id, wait=True)

    async def after(http: httpx.AsyncClient) -> None:
        answer = await http.get(f"{base}/stream", params={"width": 100})
        assert answer.headers["content-type"].startswith("multipart/x-mixed-replace; boundary=")
        assert answer.content == b"", "it was never watched"
        assert (await http.get(base)).json()["workers"][0]["state"] == "gone"

    ask(after)


def test_a_run_without_live_frames_says_what_to_do(ask: Ask, client: TrainerClient, random_config: Config) -> None:
    run_id = client.submit(random_config(total_steps=300))
    for _ in client.watch([run_id]):
        pass

    async def act(http: httpx.AsyncClient) -> None:
        answer = await http.get(f"/api/v1/runs/{run_id}/frames/stream")
        assert answer.status_code == 409
        error = answer.json()["error"]
        assert "started without live frames" in error["why"]
        assert "--render on" in error["next"]
        assert (await http.patch(f"/api/v1/runs/{run_id}/frames", json={"on": True})).status_code == 409

    ask(act)


def begin(dashboard: str, run_id: str) -> socket.socket:
    """Ask a real server for pictures; return the connection."""
    address = urlsplit(dashboard)
    token = address.fragment.removeprefix("token=")
    connection = socket.create_connection((address.hostname, address.port or 80), 60)
    connection.sendall(
        f"GET /api/v1/runs/{run_id}/frames/stream?fps=30 HTTP/1.1\r\nHost: {address.netloc}\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    return connection


def taken(client: TrainerClient, run_id: str) -> int:
    return client.frames(run_id)[0].number


def until_no_more(client: TrainerClient, run_id: str) -> None:
    """Wait until no picture was taken for longer than a renewal counts."""
    number, since, deadline = taken(client, run_id), time.monotonic(), time.monotonic() + 60
    while time.monotonic() - since < LEASE_S + 3:
        assert time.monotonic() < deadline, "pictures are still taken"
        if (now := taken(client, run_id)) != number:
            number, since = now, time.monotonic()
        time.sleep(0.3)


def test_a_client_that_closes_ends_the_pictures(dashboard: str, client: TrainerClient, run_id: str) -> None:
    with begin(dashboard, run_id) as connection:
        received = b""
        while received.count(b"image/jpeg") < 3:
            received += connection.recv(1 << 16)
    until_no_more(client, run_id)
    client.cancel(run_id, wait=True)


def test_the_page_shows_the_environment_move_and_switches_it(page: Any, client: TrainerClient, run_id: str) -> None:
    page.goto(page.url.split("#")[0].rstrip("/") + f"/runs/{run_id}")
    canvas = page.get_by_role("img", name="Environment of worker 000001")
    canvas.wait_for()

    def pixels() -> bytes:
        return bytes(canvas.screenshot())

    first = pixels()
    assert Image.open(io.BytesIO(first)).convert("L").getextrema()[0] < 60, "a cart is drawn"
    eventually(lambda: pixels() != first, "it moves")
    page.get_by_text("pictures/s").wait_for()

    page.get_by_role("button", name="Switch off").click()
    page.get_by_text("Switched off.").wait_for()
    assert client.frames(run_id)[0].state == "off"
    page.get_by_role("button", name="Switch on").click()
    page.get_by_text("pictures/s").wait_for()

    page.get_by_role("link", name="config").click()
    until_no_more(client, run_id)
    client.cancel(run_id, wait=True)
    page.get_by_role("link", name="overview").click()
    page.get_by_text("The worker has ended.").wait_for()
    canvas.wait_for()


def test_a_run_without_live_frames_says_why_and_what_to_do_instead(
    page: Any, client: TrainerClient, random_config: Config
) -> None:
    run_id = client.submit(random_config("undrawn", total_steps=10**9, step_rate=500.0, steps="none"))
    page.goto(f"{page.url.split('/#')[0].rstrip('/')}/runs/{run_id}")
    page.get_by_text("No live view").wait_for()
    page.get_by_role("link", name="Start it again").click()
    page.wait_for_url(f"**/launch/random?as={run_id}")
    client.cancel(run_id, wait=True)
    page.goto(f"{page.url.split('/launch')[0]}/runs/{run_id}")
    page.get_by_text("cancelled").first.wait_for()
    assert page.get_by_text("No live view").count() == 0
