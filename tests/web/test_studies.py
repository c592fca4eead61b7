"""Studies over HTTP, by roles, and on their pages."""

from __future__ import annotations

import csv
import io
import json
import sys
import zipfile
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from waiting import eventually
from web_servers import TOKENS, Ask

from gym_gui.fleet import Split, StudySpec
from gym_gui.rpc.client import TrainerClient

STUDIES = "/api/v1/studies"
RUNNER, READER = ({"authorization": f"Bearer {TOKENS[role]}"} for role in ("run", "read"))
FAILS = (
    "import pathlib, json, sys\n"
    "config = json.loads(pathlib.Path(sys.argv[1]).read_text())\n"
    "pathlib.Path('left.txt').write_text(config['phantom'])\n"
    "sys.exit(config['phantom'] == 'ella')\n"
)


def ended(client: TrainerClient, study: str) -> None:
    eventually(
        lambda: not {"pending", "running"} & client.study(study).counts.keys() and not client.study(study).submitting,
        "the study ends",
        60,
    )


@pytest.fixture
def commands(client: TrainerClient) -> str:
    """A study of a program, of which one assignment has failed."""
    made = client.create_study(
        StudySpec(
            name="bodies",
            base_config={"phantom": "?"},
            command=f'{sys.executable} -c "{FAILS}" {{config}}',
            splits=[Split(key="phantom", values=["duke", "ella"])],
        )
    )
    ended(client, "bodies")
    return made.study_id


def test_a_study_over_http(ask: Ask, client: TrainerClient, random_config: Callable[..., dict[str, Any]]) -> None:
    body = {
        "name": "rates", "base_config": random_config(total_steps=40), "seeds": [1, 2],
        "splits": [{"key": "total_steps", "values": [40, 80]}], "weights": [1, 1, 2, 2],
    }  # fmt: skip

    async def act(http: httpx.AsyncClient) -> str:
        tried = await http.post(STUDIES, json={**body, "dry_run": True}, headers=RUNNER)
        assert (tried.status_code, tried.json()["total"]) == (200, 4)
        assert (await http.get(STUDIES, headers=READER)).json() == {"studies": []}
        assert (await http.post(STUDIES, json=body, headers=READER)).status_code == 403
        mistyped = {"key": "total_stepz", "values": [1]}
        wrong = await http.post(STUDIES, json={**body, "weights": [], "splits": [mistyped]})
        assert (wrong.status_code, "total_steps" in wrong.text) == (422, True)
        made = await http.post(STUDIES, json=body, headers=RUNNER)
        study = made.json()
        assert (made.status_code, made.headers["location"]) == (201, f"/studies/{study['study_id']}")
        assert (await http.post(STUDIES, json=body, headers=RUNNER)).status_code in (400, 409, 422)
        (listed,) = (await http.get(STUDIES, headers=READER)).json()["studies"]
        assert (listed["name"], listed["total"], listed["assignments"]) == ("rates", 4, [])
        spec = (await http.get(f"{STUDIES}/{study['study_id']}/spec", headers=READER)).json()
        assert spec["seeds"] == [1, 2]
        assert (await http.get(f"{STUDIES}/01ARZ3NDEKTSV4RRFFQ69G5FAV")).status_code == 404
        return str(study["study_id"])

    study_id = ask(act)
    ended(client, "rates")

    async def after(http: httpx.AsyncClient) -> None:
        shown = (await http.get(f"{STUDIES}/{study_id}", headers=READER)).json()
        assert (shown["counts"], shown["progress"]) == ({"completed": 4}, 1.0)
        assert [each["split"] for each in shown["assignments"]][3] == {"total_steps": 80, "seed": 2}
        rows = (await http.get(f"{STUDIES}/{study_id}/results", headers=READER)).json()["rows"]
        assert [row["run"]["steps"] for row in rows] == [40, 40, 80, 80]
        found = (await http.get("/api/v1/runs", params={"q": f"study={study_id}"})).json()
        assert found["total"] == 4
        assert (await http.delete(f"{STUDIES}/{study_id}", headers=RUNNER)).status_code == 403
        assert (await http.delete(f"{STUDIES}/{study_id}?runs=true")).status_code == 204

    ask(after)
    assert client.list() == []


def test_programs_of_their_own_are_for_administrators(
    ask: Ask, client: TrainerClient, random_config: Callable[..., dict[str, Any]]
) -> None:
    base = random_config(total_steps=40)
    forbidden: list[dict[str, Any]] = [
        {"command": "touch {config}", "base_config": {}},
        {"base_config": {"run_name": "x", "entry_point": "touch"}},
        {"base_config": base, "splits": [{"key": "+entry_point", "values": ["touch"]}]},
        {"base_config": base, "splits": [{"key": "+metadata.worker.module", "values": ["os.path"]}]},
        {"base_config": base, "splits": [{"key": "metadata", "values": [{"worker": {"module": "os.path"}}]}]},
    ]

    async def act(http: httpx.AsyncClient) -> list[int]:
        return [
            (await http.post(STUDIES, json={"name": "x", **each}, headers=RUNNER)).status_code for each in forbidden
        ]

    assert ask(act) == [403] * len(forbidden)
    assert client.studies() == []


def test_results_are_one_file(ask: Ask, commands: str) -> None:
    async def act(http: httpx.AsyncClient) -> bytes:
        answer = await http.get(f"{STUDIES}/{commands}/results.zip", headers=READER)
        assert answer.headers["content-type"] == "application/zip"
        assert "bodies.zip" in answer.headers["content-disposition"]
        return answer.content

    with zipfile.ZipFile(io.BytesIO(ask(act))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert {"results.csv", "results.json", "0000/work/000001/left.txt", "0001/work/000001/left.txt"} <= {*names}
        assert archive.read("0001/work/000001/left.txt") == b"ella"
        rows = list(csv.DictReader(io.StringIO(archive.read("results.csv").decode())))
        assert [(row["split.phantom"], row["state"]) for row in rows] == [("duke", "completed"), ("ella", "failed")]
        assert json.loads(archive.read("results.json"))["study_id"] == commands


def test_a_study_is_followed_and_retried_on_its_page(page: Any, client: TrainerClient, commands: str) -> None:
    origin = page.evaluate("location.origin")
    page.goto(f"{origin}/studies")
    page.get_by_role("link", name="bodies").click()
    page.get_by_role("heading", name="bodies").wait_for()
    rows = page.locator("table[aria-label=Assignments] tbody tr")
    assert rows.count() == 2
    assert "phantom=ella" in rows.nth(1).inner_text()
    assert "failed" in rows.nth(1).inner_text()
    page.get_by_label("More about assignment 1").click()
    page.locator("pre", has_text='"phantom": "ella"').wait_for()
    page.get_by_role("link", name=client.study("bodies").assignments[0].runs[0].run_id[-8:]).click()
    page.get_by_role("link", name="config").click()
    page.get_by_role("link", name="bodies").click()  # and back again
    page.get_by_label("More about assignment 1").click()
    page.get_by_role("button", name="Retry this one").click()
    page.locator("td[data-label=attempt]", has_text="2").wait_for()
    ended(client, "bodies")
    page.get_by_text("attempt 2:").locator("..").get_by_text("failed").first.wait_for()
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Download results").click()
    assert zipfile.is_zipfile(downloaded.value.path())
    page.get_by_role("button", name="Delete …").click()
    page.get_by_role("button", name="Delete; its runs stay").click()
    page.get_by_text("No studies yet").wait_for()
    assert len(client.list()) == 3


def test_a_page_of_a_study_is_live(page: Any, client: TrainerClient, endless: dict[str, Any]) -> None:
    made = client.create_study(StudySpec(name="rates", base_config=endless, seeds=[1, 2]))
    page.goto(page.evaluate("location.origin") + f"/studies/{made.study_id}")
    page.locator("td[data-label=state]", has_text="running").first.wait_for()
    eventually(lambda: all(run.episodes > 1 for run in client.list()), "episodes of both have ended", 60)
    page.get_by_role("button", name="Cancel all").click()
    page.locator(".tile", has_text="cancelled").locator("dd", has_text="2").wait_for()
    assert page.get_by_role("button", name="Retry 2").is_visible()
    page.locator("canvas").first.wait_for()
