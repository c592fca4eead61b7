"""The routes of workers: which there are, their forms, what a filled form makes, presets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from web_servers import TOKENS, Ask

from gym_gui.rpc.client import TrainerClient

FORM = "/api/v1/workers/random/form"
PRESETS = "/api/v1/workers/random/presets"


def test_workers_are_listed_with_those_that_can_be_installed(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        found = (await http.get("/api/v1/workers")).json()
        names = [worker["name"] for worker in found["workers"]]
        assert "random" in names
        offered = {each["name"]: each for each in found["installable"]}
        assert not set(offered) & set(names)
        assert all(each["install"] == f"mosaic workers install {name}" for name, each in offered.items())
        assert (await http.get("/api/v1/workers/random")).json()["schema"]["properties"]["env_id"]
        unknown = await http.get("/api/v1/workers/rnadom/form")
        assert (unknown.status_code, "did you mean random?" in unknown.text) == (409, True)

    ask(act)


def test_a_filled_form_is_checked_and_made_into_configs_and_a_command(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        made = (await http.post(FORM, json={"values": {"seeds": "1-3", "config.total_steps": "50"}})).json()
        assert made["problems"] == []
        assert [config["metadata"]["worker"]["config"]["seed"] for config in made["configs"]] == [1, 2, 3]
        assert made["command"]["text"] == "mosaic train random --seeds 1-3 --steps 50"
        assert made["command"]["left_out"] == []
        assert made["defaults"]["config.env_id"] == "default: CartPole-v1"
        assert "config.eval_episodes" not in made["defaults"]  # it applies to evaluations alone
        wrong = (await http.post(FORM, json={"values": {"config.total_steps": "many", "nothing": 1}})).json()
        assert {problem.get("field"): problem["path"] for problem in wrong["problems"]} == {
            "": "nothing", "config.total_steps": "metadata.worker.config.total_steps"
        }  # fmt: skip
        assert (await http.post(FORM, json={"values": {}, "more": 1})).status_code == 422

    ask(act)


def test_a_form_is_filled_as_a_run(
    ask: Ask, client: TrainerClient, random_config: Callable[..., dict[str, Any]]
) -> None:
    config = random_config("random CartPole-v1 s1", total_steps=30)
    run_id = client.submit({**config, "tags": ["a"]})

    async def act(http: httpx.AsyncClient) -> None:
        values = (await http.get(f"{FORM}/{run_id}")).json()["values"]
        assert (values["seeds"], values["config.total_steps"], values["tags"]) == (1, 30, ["a"])
        assert not {"run_name", "priority", "limits.max_attempts"} & set(values)
        made = (await http.post(FORM, json={"values": values})).json()
        assert made["problems"] == []
        assert made["configs"][0]["metadata"]["worker"]["config"] == config["metadata"]["worker"]["config"]
        other = await http.get(f"/api/v1/workers/cleanrl/form/{run_id}")
        assert (other.status_code, other.json()["error"]["next"]) == (
            422,
            "save it as a file, and start it: mosaic run FILE",
        )

    ask(act)


@pytest.mark.parametrize("name", ["quick", "a/b ../c", "<b>é</b>?#%", "x" * 80])
def test_presets_are_saved_applied_and_deleted(ask: Ask, daemon_home: Path, name: str) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        path = f"{PRESETS}/{quote(name, safe='')}"
        values = {"seeds": "1-3", "environment": {"API_KEY": "abc"}}
        assert (await http.get(PRESETS)).json() == {"presets": {}}
        saved = await http.put(path, json={"values": values})
        assert (saved.status_code, saved.json()) == (200, {"hidden": ["environment"]})
        kept = (await http.get(PRESETS)).json()["presets"]
        assert (list(kept), kept[name]["seeds"]) == ([name], "1-3")
        assert "abc" not in (daemon_home / "presets" / "random.json").read_text()
        assert (await http.delete(path)).status_code == 204
        again = await http.delete(path)
        assert (again.status_code, bool(again.json()["error"]["next"])) == (409, True)

    ask(act)


def test_presets_that_cannot_be_are_refused(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        assert (await http.put(f"{PRESETS}/{'x' * 81}", json={"values": {}})).status_code == 409
        assert (await http.put(f"{PRESETS}/x", json={})).status_code == 422
        assert (await http.get("/api/v1/workers/..%2F..%2Ftoken/presets")).status_code in (404, 409)
        reader = {"authorization": f"Bearer {TOKENS['read']}"}
        assert (await http.get(PRESETS, headers=reader)).status_code == 200
        for method in ("PUT", "DELETE"):
            refused = await http.request(method, f"{PRESETS}/x", json={"values": {}}, headers=reader)
            assert refused.status_code == 403

    ask(act)
