"""Events that are cut off: quarantined wherever they stand, and shown as text."""

from __future__ import annotations

from typing import Any

import pytest

TORN = '{"event_type":"step","step_index":5,"rew'


@pytest.mark.parametrize(
    "after", [b"", b"\nordinary\n", b"\n{'a': 1}\n"], ids=["at the end", "before text", "before a dict"]
)
def test_an_event_that_a_kill_cut_off(script: Any, after: bytes) -> None:
    code = f"import os\nos.write(1, {TORN.encode() + after!r})\nos.kill(os.getpid(), 9)"
    (run,) = script("train", "script", f"--set=code={code}", "--json").json["runs"]
    assert run["ledger"]["quarantined"] == 1
    (kept,) = script("runs", "logs", "latest", "--quarantine", "--json").json["quarantined"]
    assert (kept["reason"], kept["excerpt"]) == ("torn", TORN)
    text = script("runs", "logs", "latest", "--text", "--json").json["lines"]
    assert text == [TORN, *after.decode().split("\n")[1:-1]]
    assert script("runs", "verify", "latest").code == 0
