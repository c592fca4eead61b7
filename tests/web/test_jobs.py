"""Workers are installed, checked and removed from the pages: the routes, and a real browser that watches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from waiting import eventually
from web_servers import TOKENS, Ask
from worker_projects import write_project

from gym_gui.rpc.client import TrainerClient

HOSTILE = "\x1b[31mred\x1b[0m <img src=x onerror=\"document.title='owned'\">"
WAIT = "\nimport time\nwhile not os.path.exists({flag!r}):\n    time.sleep(0.05)\n"


def token(role: str) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS[role]}"}


@pytest.mark.parametrize(
    ("kind", "options", "least"),
    [
        ("install", {}, "admin"),
        ("remove", {}, "admin"),
        ("check", {"only": ["none"]}, "run"),
        ("dry_run", {"config": {}}, "run"),
        ("doctor", {}, "run"),
    ],
)
def test_a_job_needs_its_role(ask: Ask, kind: str, options: dict[str, Any], least: str) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        body = {"kind": kind, "subject": "no-such-worker", "options": options}
        for role in ("read", "run", "admin"):
            answer = await http.post("/api/v1/jobs", json=body, headers=token(role))
            allowed = list(TOKENS).index(role) >= list(TOKENS).index(least)
            assert answer.status_code in ((201, 409) if allowed else (403,)), (role, answer.text)
        for job in (await http.get("/api/v1/jobs", headers=token("read"))).json()["jobs"]:
            lower = {"run": "read", "admin": "run"}[least]
            path = f"/api/v1/jobs/{job['job_id']}/cancel"
            assert (await http.post(path, headers=token(lower))).status_code == 403
            await http.post(path, headers=token(least))

    ask(act)


def test_a_dry_run_starts_no_program_of_its_own_for_those_who_may_not(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        body = {"kind": "dry_run", "subject": "x", "options": {"config": {"entry_point": ["rm", "-rf", "/"]}}}
        refused = await http.post("/api/v1/jobs", json=body, headers=token("run"))
        assert (refused.status_code, refused.json()["error"]["where"]) == (403, "entry_point")

    ask(act)


def test_jobs_that_are_not_valid_are_refused_in_four_parts(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        wrong = await http.post("/api/v1/jobs", json={"kind": "instal", "subject": "x"})
        assert (wrong.status_code, wrong.json()["error"]["problems"][0]["nearest"]) == (422, "install")
        missing = await http.get(f"/api/v1/jobs/{'0' * 26}")
        assert (missing.status_code, missing.json()["error"]["next"]) == (404, "mosaic workers jobs")
        assert (await http.get("/api/v1/jobs/short")).status_code == 422

    ask(act)


@pytest.fixture
def workers(page: Any) -> Callable[[str], Any]:
    """Open the page of workers, and return the card of one."""
    page.goto(page.url.split("/#")[0].rstrip("/") + "/workers")
    page.wait_for_selector("main h1")
    return lambda name: page.locator(f"section[data-worker={name}]")


def test_a_worker_is_installed_while_two_look_on_and_its_card_appears(
    dashboard: str, page: Any, workers: Callable[[str], Any], client: TrainerClient, tmp_path: Path
) -> None:
    flag = tmp_path / "go"
    folder = write_project(tmp_path / "project")
    (folder / "backend.py").write_text((folder / "backend.py").read_text() + WAIT.format(flag=str(flag)))
    other = page.context.browser.new_page()
    other.goto(dashboard)
    other.get_by_role("link", name="Workers").click()
    page.get_by_text("Install another worker").click()
    page.get_by_label("name").fill("tiny")
    page.get_by_label("from").fill(str(folder))
    page.get_by_role("button", name="Install", exact=True).last.click()
    for each in (page, other):
        job = each.get_by_role("group", name="install tiny").first
        job.get_by_text("running").wait_for()
        job.get_by_text("pip install").first.wait_for()
    assert workers("tiny").count() == 0
    other.close()  # the job goes on
    flag.touch()
    workers("tiny").get_by_text("✓ installed").wait_for()
    assert client.worker("tiny").environment == "tiny"
    card = workers("tiny")
    card.get_by_role("button", name="Remove", exact=True).click()
    card.get_by_role("button", name="Remove it").click()
    workers("tiny").wait_for(state="detached")
    assert all(each.name != "tiny" for each in client.workers())


def test_an_install_that_fails_says_so_on_the_page_and_output_stays_text(
    page: Any, workers: Callable[[str], Any], client: TrainerClient, tmp_path: Path
) -> None:
    folder = write_project(tmp_path / "project")
    code = f"\nprint({HOSTILE!r})\nraise SystemExit(3)\n"
    (folder / "backend.py").write_text((folder / "backend.py").read_text() + code)
    job = client.start_job("install", "tiny", {"origin": str(folder)}, by="<b>anna</b>")
    shown = page.get_by_role("group", name="install tiny")
    shown.get_by_text("failed", exact=False).first.wait_for()
    shown.locator("summary").click()
    shown.locator(".log .red", has_text="red").first.wait_for()
    error = shown.get_by_role("alert")
    assert all(part in error.inner_text() for part in ("where", "why", "next", "fix the requirement"))
    assert "<img src=x" in shown.locator(".log").inner_text()
    assert (shown.locator("img").count(), shown.locator("b").count(), page.title()) == (0, 0, "Workers · MOSAIC")
    assert "<b>anna</b>" in shown.inner_text()
    eventually(lambda: client.read_job(job.job_id)[0].state.terminal, "it ended")


def test_an_install_is_cancelled_on_the_page(
    page: Any, workers: Callable[[str], Any], client: TrainerClient, tmp_path: Path
) -> None:
    folder = write_project(tmp_path / "project")
    (folder / "backend.py").write_text((folder / "backend.py").read_text() + WAIT.format(flag=str(tmp_path / "no")))
    job = client.start_job("install", "tiny", {"origin": str(folder)})
    page.get_by_role("button", name="Cancel").first.click()
    page.get_by_role("group", name="install tiny").get_by_text("cancelled").first.wait_for()
    assert client.read_job(job.job_id)[0].state.value == "cancelled"
