"""A run can be deleted as soon as its end is shown, and is gone then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gym_gui.core.worker.errors import UsageError
from gym_gui.reading import PlanIndex, Search
from gym_gui.rpc.client import TrainerClient


def test_a_run_that_has_just_ended_is_deleted_for_good(client: TrainerClient, endless: dict[str, Any]) -> None:
    for _ in range(3):
        run_id = client.submit(endless)
        client.cancel(run_id, wait=True)
        client.delete(run_id)
        with pytest.raises(UsageError, match="there is no run"):
            client.get(run_id)
        assert client.list() == []


def test_a_query_remembers_nothing_of_a_deleted_run(
    client: TrainerClient, endless: dict[str, Any], daemon_home: Path
) -> None:
    run_id = client.submit({**endless, "notes": "confidential"})
    client.cancel(run_id, wait=True)
    assert client.search(Search("notes:confidential")).total == 1
    client.delete(run_id)
    assert client.search(Search("notes:confidential")).total == 0
    assert b"confidential" not in PlanIndex(daemon_home).path.read_bytes()
