"""A real language model, SmolLM2 with 135 million parameters, served by llama.cpp on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from serve_smollm2 import NEEDS, serve

pytestmark = [pytest.mark.library, pytest.mark.slow]


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """Serve the model; return the endpoint's address."""
    try:
        server, address = serve()
    except ImportError as error:
        pytest.skip(f"{error}: {NEEDS}")
    yield address
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
