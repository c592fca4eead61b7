"""The HTTP interface over a real daemon: answers, errors in four parts, roles, and what is refused at the door."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from web_servers import HOST, TOKENS, Ask

from gym_gui.rpc.client import TrainerClient
from gym_gui.runs import RunFolder, read_annotation
from gym_gui.web.access import MAX_BODY

UNKNOWN = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@pytest.fixture
def run_id(client: TrainerClient, random_config: Callable[..., dict[str, Any]]) -> str:
    """A run that has ended."""
    run_id = client.submit(random_config("the run", total_steps=300))
    for _ in client.watch([run_id]):
        pass
    return run_id


def test_runs_are_found_and_shown(ask: Ask, run_id: str) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        page = (
            await http.get("/api/v1/runs", params={"q": "env:CartPole*", "points": 20, "columns": "config.seed"})
        ).json()
        assert (page["total"], page["cursor"]) == (1, "")
        (row,) = page["runs"]
        assert (row["id"], row["state"], row["values"]) == (run_id, "completed", {"config.seed": [1.0]})
        assert 1 < len(row["curve"][1]) <= 20
        groups = (await http.get("/api/v1/runs", params={"group_by": "variant", "points": 20})).json()["groups"]
        assert [group["ids"] for group in groups] == [[run_id]]
        shown = (await http.get(f"/api/v1/runs/{run_id}")).json()
        assert (shown["run_name"], shown["steps"]) == ("the run", 300)
        assert (await http.get(f"/api/v1/runs/{run_id}/details")).json()["config"]["run_name"] == "the run"
        assert "ended successfully" in (await http.get(f"/api/v1/runs/{run_id}/why")).json()["meaning"]
        episodes = (await http.get(f"/api/v1/runs/{run_id}/episodes", params={"sort": "-return", "limit": 2})).json()
        assert len(episodes["episodes"]) == 2
        steps = await http.get(f"/api/v1/runs/{run_id}/episodes/{episodes['episodes'][0]['id']}/steps")
        assert len(steps.json()["steps"]) == episodes["episodes"][0]["steps"]
        beyond = await http.get(str(steps.url), params={"after": 10**30})
        assert (beyond.status_code, beyond.json()) == (200, {"steps": []})
        assert (await http.get("/api/v1/runs/%0D/failure")).status_code == 422

    ask(act)


def test_files_are_sent_whole_and_in_parts(ask: Ask, run_id: str) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        listing = (await http.get(f"/api/v1/runs/{run_id}/files", params={"recursive": True})).json()
        path = next(entry["path"] for entry in listing["entries"] if entry["path"].endswith(".stdout.jsonl"))
        whole = await http.get(f"/api/v1/runs/{run_id}/file", params={"path": path})
        assert whole.headers["content-type"] == "text/plain; charset=utf-8"
        part = await http.get(f"/api/v1/runs/{run_id}/file", params={"path": path}, headers={"range": "bytes=3-9"})
        assert (part.status_code, part.content) == (206, whole.content[3:10])
        assert part.headers["content-range"] == f"bytes 3-9/{len(whole.content)}"
        beyond = await http.get(
            f"/api/v1/runs/{run_id}/file", params={"path": path}, headers={"range": "bytes=999999999-"}
        )
        assert beyond.status_code == 416
        config = await http.get(f"/api/v1/runs/{run_id}/file", params={"path": "run.json"})
        assert config.headers["content-disposition"].startswith("attachment")
        for bad in ("../token", "control/grant.json", "/etc/passwd", "logs", "nothing"):
            refused = await http.get(f"/api/v1/runs/{run_id}/file", params={"path": bad})
            assert refused.status_code == 409
            assert refused.json()["error"]["next"]

    ask(act)


def test_runs_are_submitted_changed_and_ended(ask: Ask, endless: dict[str, Any]) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        submitted = await http.post("/api/v1/runs", json={"config": endless})
        assert submitted.status_code == 201
        run_id = submitted.json()["run_id"]
        changed = await http.patch(
            f"/api/v1/runs/{run_id}", json={"name": "<b>new</b>", "add_tags": ["x"], "starred": True}
        )
        assert (changed.json()["run_name"], changed.json()["tags"], changed.json()["starred"]) == (
            "<b>new</b>",
            ["x"],
            True,
        )
        assert (await http.delete(f"/api/v1/runs/{run_id}")).status_code == 409
        assert (await http.post(f"/api/v1/runs/{run_id}/cancel", json={"reason": "enough"})).status_code == 200
        for _ in range(200):
            if (await http.get(f"/api/v1/runs/{run_id}")).json()["state"] == "cancelled":
                break
        details = (await http.get(f"/api/v1/runs/{run_id}/details")).json()
        assert details["submitter"] == "admin"
        assert (await http.delete(f"/api/v1/runs/{run_id}")).status_code == 204
        assert (await http.get(f"/api/v1/runs/{run_id}")).status_code == 404

    ask(act)


def test_what_is_done_through_the_web_carries_the_name_of_its_token(
    ask: Ask, endless: dict[str, Any], daemon_home: Path
) -> None:
    async def act(http: httpx.AsyncClient) -> str:
        http.headers["authorization"] = f"Bearer {TOKENS['run']}"
        run_id = str((await http.post("/api/v1/runs", json={"config": endless})).json()["run_id"])
        await http.patch(f"/api/v1/runs/{run_id}", json={"starred": True})
        await http.post(f"/api/v1/runs/{run_id}/cancel", json={"reason": "enough"})
        assert (await http.get(f"/api/v1/runs/{run_id}/details")).json()["command"] == []
        return run_id

    folder = RunFolder.of(daemon_home, ask(act))
    assert read_annotation(folder).by == "run"
    assert json.loads(folder.cancel_intent.read_bytes())["by"] == "run"


def test_errors_have_four_parts(ask: Ask, client: TrainerClient) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        unknown = await http.get(f"/api/v1/runs/{UNKNOWN}")
        assert (unknown.status_code, unknown.json()["error"]["next"]) == (404, "list the runs: mosaic runs list")
        query = await http.get("/api/v1/runs", params={"q": "retrun>4"})
        assert (query.status_code, query.json()["error"]["problems"][0]["nearest"]) == (422, "return")
        bad = await http.get("/api/v1/runs", params={"limit": 0})
        assert (bad.status_code, bad.json()["error"]["problems"][0]["path"]) == (422, "limit")
        config = await http.post("/api/v1/runs", json={"config": {"run_name": "x"}})
        assert (config.status_code, bool(config.json()["error"]["problems"])) == (422, True)
        assert (await http.post("/api/v1/runs", content=b"{")).status_code == 422
        assert (await http.get("/api/v1/nothing")).status_code == 404
        assert (await http.put("/api/v1/runs")).status_code == 405
        assert (await http.get("/api/v1/runs/x")).status_code == 422

    ask(act)


def test_roles_bound_what_a_token_allows(ask: Ask, run_id: str) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        calls = {
            "read": ("GET", f"/api/v1/runs/{run_id}"), "run": ("POST", f"/api/v1/runs/{run_id}/cancel"),
            "admin": ("DELETE", f"/api/v1/runs/{UNKNOWN}"),
        }  # fmt: skip
        for rank, holder in enumerate(calls):
            for needed, (role, (method, path)) in enumerate(calls.items()):
                response = await http.request(method, path, headers={"authorization": f"Bearer {TOKENS[holder]}"})
                assert (response.status_code == 403) == (needed > rank), (holder, role)
        refused = await http.delete(f"/api/v1/runs/{run_id}", headers={"authorization": f"Bearer {TOKENS['read']}"})
        assert "--role admin" in refused.json()["error"]["next"]

    ask(act)


async def chunks() -> AsyncIterator[bytes]:
    """A body without a length that is too large."""
    for _ in range(MAX_BODY // (1 << 20) + 1):
        yield b"x" * (1 << 20)


def test_the_door(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        for headers in ({"authorization": ""}, {"authorization": "Bearer x"}, {"authorization": "", "cookie": "a=b"}):
            refused = await http.get("/api/v1/me", headers=headers)
            assert refused.status_code == 401
            assert refused.json()["error"]["what"] == "the token is missing or wrong"
        assert (await http.get("/api/v1/me", headers={"host": "evil.example"})).status_code == 421
        foreign = {"origin": "http://evil.example"}
        assert (await http.post("/api/v1/runs", json={"config": {}}, headers=foreign)).status_code == 403
        assert (await http.get("/api/v1/me", headers=foreign)).status_code == 200
        assert (await http.post("/api/v1/runs", content=b"x" * (MAX_BODY + 1))).status_code == 413
        for path in ("/api/v1/runs", "/api/gui-update", "/api/v1/agents/beat", "/api/v1/studies"):
            too_large = await http.post(path, content=chunks())
            assert (too_large.status_code, too_large.json()["error"]["what"]) == (413, "the request is too large"), path
        policy = (await http.get("/")).headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "script-src 'self';" in policy

    ask(act)


def test_a_client_with_many_wrong_tokens_waits(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        wrong = {"authorization": "Bearer x"}
        answers = [(await http.get("/api/v1/me", headers=wrong)).status_code for _ in range(15)]
        answers += [(await http.post("/api/v1/login", json={"token": "x"})).status_code for _ in range(150)]
        assert answers[:20] == [401] * 20
        assert 429 in answers[20:]

    ask(act)


def test_a_login_sets_the_cookie(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        del http.headers["authorization"]
        assert (await http.post("/api/v1/login", json={"token": "x"})).status_code == 401
        entered = await http.post("/api/v1/login", json={"token": TOKENS["read"]})
        assert "HttpOnly" in entered.headers["set-cookie"]
        assert "samesite=strict" in entered.headers["set-cookie"].lower()
        me = (await http.get("/api/v1/me")).json()
        assert (me["name"], me["role"]) == ("read", "read")
        await http.post("/api/v1/logout")
        assert (await http.get("/api/v1/me")).status_code == 401

    ask(act)


def test_pages_are_given_to_anyone_and_hold_no_data(ask: Ask, run_id: str) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        del http.headers["authorization"]
        for path in ("/", f"/runs/{run_id}", "/launch/random?as=x"):
            page = await http.get(path)
            assert (page.status_code, run_id in page.text) == (200, False)
        script = await http.get("/static/app.js", headers={"accept-encoding": "gzip"})
        assert script.headers["content-encoding"] == "gzip"
        again = await http.get("/static/app.js", headers={"if-none-match": script.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert "--accent" in (await http.get("/static/all.css")).text
        for path in ("/static/nothing.js", "/static/%2e%2e/app.py", "/static/vendor/update.py"):
            assert (await http.get(path)).status_code == 404

    ask(act)


def test_the_interface_is_described(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        document = (await http.get("/api/v1/openapi.json")).json()
        assert "/api/v1/runs/{run_id}" in document["paths"]
        assert all(
            method.get("summary") for path in document["paths"].values() for method in path.values()
        )  # fmt: skip
        assert HOST not in str(document)

    ask(act)


def test_series_are_named_and_read(ask: Ask, run_id: str) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        names = (await http.get(f"/api/v1/runs/{run_id}/series")).json()["series"]
        assert {"return", "length"} <= {each["name"] for each in names}
        answer = await http.get("/api/v1/series", params={"runs": run_id, "name": ["return", "length"], "points": 5})
        (returns, lengths) = answer.json()["series"]
        assert (returns["name"], lengths["name"]) == ("return", "length")
        (line,) = returns["lines"]
        assert 1 < len(line["mean"]) <= 5
        for bad in ({"runs": "x"}, {"runs": ""}, {"runs": run_id, "x": "stepp"}, {"runs": run_id, "points": 0}):
            assert (await http.get("/api/v1/series", params={"name": "return", **bad})).status_code == 422

    ask(act)


def test_runs_are_compared(
    ask: Ask, client: TrainerClient, run_id: str, random_config: Callable[..., dict[str, Any]]
) -> None:
    other = client.submit(random_config("another", total_steps=200))
    for _ in client.watch([other]):
        pass

    async def act(http: httpx.AsyncClient) -> None:
        found = (await http.get("/api/v1/compare", params={"runs": f"{run_id},{UNKNOWN},{other}"})).json()
        assert [row["id"] for row in found["runs"]] == [run_id, other]
        assert found["settings"] == {"total_steps": [300, 200]}
        assert found["missing"] == [UNKNOWN]
        assert all(len(row["curve"]) == 2 for row in found["runs"])
        assert (await http.get("/api/v1/compare", params={"runs": "nothing"})).status_code == 422
        rows = {"runs": f"{run_id},{other}", "points": 3, "settings": False}
        bare = (await http.get("/api/v1/compare", params=rows)).json()
        assert ([row["id"] for row in bare["runs"]], bare["settings"]) == ([run_id, other], {})
        gone = [f"01ARZ3NDEKTSV4RRFFQ69G5{number:03}" for number in range(98)]
        most = (await http.get("/api/v1/compare", params={"runs": ",".join([other, *gone, run_id])})).json()
        assert ([row["id"] for row in most["runs"]], most["missing"]) == ([other, run_id], gone)

    ask(act)
