from __future__ import annotations

import pytest

from gym_gui.runs.kinds import kind_key, same_kind


@pytest.mark.parametrize("name", ["myworker", "my_worker", "My-Worker", "MY WORKER", "my.worker", "my"])
def test_spellings_of_one_kind(name: str) -> None:
    assert same_kind(name, "myworker")


def test_kinds_stay_apart() -> None:
    assert not same_kind("cleanrl", "cleanrl2")
    assert kind_key("worker") == "worker"
    assert kind_key("spade_bdi_worker") == kind_key("spade-bdi")
