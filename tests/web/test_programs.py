"""What may be started through the web: by which role, and which programs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from web_servers import TOKENS, Ask

RUNS = "/api/v1/runs"
VALIDATE = "/api/v1/runs/validate"
RUNNER, READER = ({"authorization": f"Bearer {TOKENS[role]}"} for role in ("run", "read"))


def test_a_reader_starts_no_checks_of_run_configs(ask: Ask, random_config: Callable[..., dict[str, Any]]) -> None:
    async def act(http: httpx.AsyncClient) -> None:
        body = {"config": random_config()}
        refused = await http.post(VALIDATE, json=body, headers=READER)
        assert (refused.status_code, "--role run" in refused.json()["error"]["next"]) == (403, True)
        assert (await http.post(VALIDATE, json=body, headers=RUNNER)).json() == {"problems": []}

    ask(act)


@pytest.mark.parametrize("path", [RUNS, VALIDATE])
def test_programs_of_their_own_are_for_administrators(
    ask: Ask, random_config: Callable[..., dict[str, Any]], tmp_path: Path, path: str
) -> None:
    def with_module(module: str, **more: Any) -> dict[str, Any]:
        config = random_config()
        part = {**config["metadata"]["worker"], "module": module, **more}
        return {**config, "metadata": {"worker": part}}

    several = with_module("os.path")
    several["metadata"] = {"workers": [random_config()["metadata"]["worker"], several["metadata"]["worker"]]}
    forbidden = {
        "entry_point": {"run_name": "x", "entry_point": "touch", "arguments": [str(tmp_path / "made")]},
        "metadata.worker.module": with_module("http.server"),
        "metadata.workers[1].module": several,
    }

    async def act(http: httpx.AsyncClient) -> None:
        for where, config in forbidden.items():
            refused = await http.post(path, json={"config": config}, headers=RUNNER)
            assert (refused.status_code, refused.json()["error"]["where"]) == (403, where)
        for config in (with_module("http.server", worker_id=None), with_module("random_worker.cli", worker_id="none")):
            assert (await http.post(path, json={"config": config}, headers=RUNNER)).status_code == 403
        own = (await http.post("/api/v1/workers/random/form", json={"values": {}})).json()["configs"][0]
        assert own["metadata"]["worker"]["module"]
        assert (await http.post(VALIDATE, json={"config": own}, headers=RUNNER)).json() == {"problems": []}
        allowed = await http.post(VALIDATE, json={"config": forbidden["entry_point"]})
        assert (allowed.status_code, allowed.json()) == (200, {"problems": []})
        for malformed in ({"metadata": []}, {"metadata": {"worker": 1, "workers": [1]}}, {"entry_point": 1}):
            assert (await http.post(path, json={"config": malformed}, headers=RUNNER)).status_code in (200, 403, 422)

    ask(act)
    assert not (tmp_path / "made").exists()
