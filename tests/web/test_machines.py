"""What the pages say of the machine and of runs that are not started yet."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from web_servers import TOKENS, Ask

from gym_gui.rpc.client import TrainerClient

FORECAST = "/api/v1/forecast"


@pytest.fixture(autouse=True)
def inventory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOSAIC_INVENTORY", '{"cpus": 2, "memory_mb": 8000, "gpus": 0}')


def token(role: str) -> dict[str, str]:
    return {"authorization": f"Bearer {TOKENS[role]}"}


def with_cpus(config: dict[str, Any], cpus: int) -> dict[str, Any]:
    return {**config, "resources": {"cpus": cpus}}


def test_several_runs_have_one_sentence(ask: Ask, client: TrainerClient, endless: dict[str, Any]) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        both = {"configs": [with_cpus(endless, 1)] * 2}
        assert (await http.post(FORECAST, json=both)).json()["sentence"] == "all 2 start now"
        third = {"configs": [with_cpus(endless, 1)] * 3}
        sentence = (await http.post(FORECAST, json=third)).json()["sentence"]
        assert sentence.startswith("2 of 3 start now, the next one waits for 1 of 2 cores, 0 free")
        assert (await http.post(FORECAST, json={"configs": []})).status_code == 422
        wrong = await http.post(FORECAST, json={"configs": [{"run_name": "x"}]})
        assert (wrong.status_code, bool(wrong.json()["error"]["problems"])) == (422, True)
        assert (await http.post(FORECAST, json=both, headers=token("read"))).status_code == 403

    ask(act)
    assert client.list() == []


def test_the_machine_and_what_runs_there(ask: Ask, client: TrainerClient, endless: dict[str, Any]) -> None:
    run_id = client.submit(with_cpus(endless, 2))

    async def act(http: httpx.AsyncClient) -> None:
        (machine,) = (await http.get("/api/v1/machines", headers=token("read"))).json()["machines"]
        assert (machine["cpus"], machine["cpus_allocated"], machine["slots_taken"]) == (2, 2, 1)
        assert [run["run_id"] for run in machine["runs"]] == [run_id]
        assert machine["measured"]["disk_free_bytes"] > 0

    ask(act)


def test_names_of_tokens_are_for_administrators_and_tokens_for_nobody(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        answer = await http.get("/api/v1/tokens")
        assert {"name": "run", "role": "run"} in answer.json()["tokens"]
        assert not any(each in answer.text for each in TOKENS.values())
        assert (await http.get("/api/v1/tokens", headers=token("run"))).status_code == 403

    ask(act)


@pytest.fixture
def origin(page: Any) -> str:
    return str(page.url.split("/#")[0].rstrip("/"))


def test_the_form_says_when_it_would_start_and_follows(
    page: Any, origin: str, client: TrainerClient, endless: dict[str, Any]
) -> None:
    page.goto(f"{origin}/launch/random")
    forecast = page.locator(".forecast")
    forecast.get_by_text("Starts now").wait_for()
    page.locator("summary", has_text="Resources").or_(page.locator("summary", has_text="Show")).first.wait_for()
    page.evaluate("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    page.fill('[id="field-resources.cpus"]', "2")
    run_id = client.submit(with_cpus(endless, 1))
    forecast.get_by_text("Waits for 2 of 2 cores").wait_for()
    assert forecast.get_by_role("link").get_attribute("href") == f"/runs/{run_id}"
    client.cancel(run_id, wait=True)
    forecast.get_by_text("Starts now").wait_for()
    page.fill('[id="field-config.total_steps"]', "many")
    forecast.get_by_text("Correct the fields").wait_for()


def test_a_dry_run_from_the_form(page: Any, origin: str, client: TrainerClient) -> None:
    page.goto(f"{origin}/launch/random")
    page.get_by_role("button", name="Dry run", exact=True).click()
    page.get_by_text("it would run").wait_for()
    page.fill('[id="field-config.env_id"]', "CartPole-v3")
    page.get_by_text("The form has changed since this dry run.").wait_for()
    page.get_by_role("button", name="Dry run", exact=True).click()
    alert = page.get_by_role("alert").filter(has_text="the dry run of random")
    alert.wait_for()
    assert "metadata.worker.config.env_id" in alert.inner_text()
    assert "Nothing was started" in alert.inner_text()
    assert client.list() == []


def test_the_status_page_checks_the_machine(page: Any, origin: str, client: TrainerClient) -> None:
    page.goto(f"{origin}/status")
    page.get_by_role("region", name="Machines").get_by_text("No run is under way.").wait_for()
    page.get_by_role("button", name="Check now").click()
    page.get_by_role("region", name="Checks").get_by_text("SQLite").first.wait_for()
    page.get_by_role("region", name="Tokens").get_by_text("admin").first.wait_for()
