"""The OpenAPI document says what the interface does: every call is typed, and holds to it whatever is sent."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from dashboard_pages import furnish
from web_servers import HOST, Ask, make_access

from gym_gui.rpc.client import TrainerClient
from gym_gui.web.access import Role
from gym_gui.web.answers import ANSWERS
from gym_gui.web.app import create_interface
from gym_gui.web.backend import Backend
from gym_gui.web.front import create_app
from gym_gui.web.guard import AGENTS, ENROLL, OPEN, is_of_program
from gym_gui.web.tokens import TokenStore

#: Calls that never end, or change who one is: they have tests of their own.
APART = (
    "/api/v1/live", "/api/v1/login", "/api/v1/logout", "/api/v1/runs/{run_id}/episodes/{episode}/replay",
    "/api/v1/runs/{run_id}/frames/stream",
)  # fmt: skip


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    """The OpenAPI document."""
    made: dict[str, Any] = create_interface(Backend(_never, "here", tmp_path), make_access()).openapi()
    return made


@pytest.fixture
def run_token(daemon_home: Path) -> str:
    """A token that may start runs, and neither delete anything nor install programs."""
    return TokenStore(daemon_home, "owner").add("fuzz", Role.RUN)


def test_every_call_says_what_it_answers(document: dict[str, Any]) -> None:
    calls = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert calls == set(ANSWERS), "name each call's answer in gym_gui/web/answers.py"
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            assert call["summary"], path
            assert {"421", "429", "500"} <= set(call["responses"]), (method, path)
            for parameter in call.get("parameters", ()):
                assert parameter.get("description") or parameter["schema"].get("title"), (path, parameter["name"])


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*map(references, part.values()))
        return set().union(*map(references, part)) if isinstance(part, list) else set()

    for reference in references(document):
        part = document
        for name in reference.removeprefix("#/").split("/"):
            part = part[name]
    assert HOST not in json.dumps(document)


def test_a_wrong_method_is_told_the_right_ones(ask: Ask) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        refused = await http.put("/api/v1/runs")
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")
        assert refused.json()["error"]["next"] == "use GET or POST"
        assert (await http.put("/api/v1/nothing")).status_code == 404

    ask(act)


def test_a_call_without_the_right_token_is_refused(document: dict[str, Any]) -> None:
    paths = {path: calls for path, calls in document["paths"].items() if not _has_own_tokens(path)}
    assert len(paths) > 30

    async def ask_all(headers: dict[str, str]) -> dict[str, int]:
        answers = {}
        for path, methods in paths.items():
            for method in methods:
                # A server each, so that none is refused for too many wrong tokens.
                transport = httpx.ASGITransport(create_app(Backend(_never, "here", Path()), make_access()))
                async with httpx.AsyncClient(transport=transport, base_url=f"http://{HOST}", headers=headers) as http:
                    asked = await http.request(method, path.replace("{", "").replace("}", ""))
                answers[f"{method.upper()} {path}"] = asked.status_code
        return answers

    for headers in ({}, {"authorization": "Bearer wrong"}, {"cookie": "mosaic=wrong"}):
        answers = asyncio.run(ask_all(headers))
        assert {call for call, status in answers.items() if status != 401} == set(), headers


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("examples", [5, pytest.param(100, marks=pytest.mark.slow)])
def test_whatever_is_sent_is_answered_as_described(
    run_token: str,
    dashboard: str,
    client: TrainerClient,
    random_config: Callable[..., dict[str, Any]],
    tmp_path: Path,
    examples: int,
) -> None:
    ids = furnish(client, random_config)
    address = dashboard.partition("#")[0]
    headers = {"authorization": f"Bearer {run_token}"}
    described = httpx.get(f"{address}api/v1/openapi.json", headers=headers).json()
    _name_what_there_is(described, ids)
    (tmp_path / "api.json").write_text(json.dumps(described))
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", "api.json", "--url", address.rstrip("/"),
        "--header", f"Authorization: Bearer {run_token}", "--rate-limit", "90/s",
        # Some valid values are refused with good reason: a query that cannot be read, a run that has ended.
        # Wrong tokens have a test of their own: a few hundred in a row are too many wrong tokens.
        "--checks", "all", "--exclude-checks", "positive_data_acceptance,object_level_authorization,ignored_auth",
        "--phases", "examples,coverage,fuzzing", "--max-examples", str(examples), "--seed", "1",
        "--continue-on-failure", "--no-shrink", "--warnings", "off", "--no-color",
        *(word for path in APART for word in ("--exclude-path", path)),
    ]  # fmt: skip
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    found = ran.stdout.partition(" FAILURES ")
    assert ran.returncode == 0, (found[2] or ran.stdout)[:20_000] + ran.stderr[-2_000:]


def _has_own_tokens(path: str) -> bool:
    """Return whether a call is open to all, or its tokens are checked by the daemon."""
    return path in OPEN or is_of_program(path) or (path.startswith(AGENTS) and path != ENROLL)


async def _never() -> Any:
    raise AssertionError


def _name_what_there_is(document: dict[str, Any], ids: dict[str, str]) -> None:
    """Make a document's calls be about runs and workers that there are, and about some that there are not."""
    values: dict[str, list[Any]] = {
        "run_id": [ids["run"], ids["failed"], ids["running"], ids["gone"]],
        "runs": [ids["run"], f"{ids['run']},{ids['other']}", ids["gone"], ""],
        "episode": [int(ids["episode"]), 1],
    }
    for calls in document["paths"].values():
        for call in calls.values():
            for parameter in call.get("parameters", ()):
                if parameter["name"] in values:
                    kind = "integer" if parameter["name"] == "episode" else "string"
                    parameter["schema"] = {"type": kind, "enum": values[parameter["name"]]}
                elif parameter["name"] == "name" and parameter["in"] == "path":
                    parameter["examples"] = {"random": {"value": "random"}}
