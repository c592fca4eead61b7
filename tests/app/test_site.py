from __future__ import annotations

import pytest

from gym_gui.app.site import usable
from gym_gui.core.worker.errors import UsageError
from gym_gui.workers.record import WorkerRecord


@pytest.mark.parametrize(
    ("told", "where"),
    [
        ({"distribution": "lib", "version": "1.0", "entry_point": "a:b"}, "lib 1.0 (a:b)"),
        ({}, "/home/envs/tiny/1/bin/python"),
    ],
)
def test_a_broken_worker_is_told_with_its_place_also_where_its_package_is_unknown(
    told: dict[str, str], where: str
) -> None:
    package = {"distribution": "", "version": "", "entry_point": "", **told}
    record = WorkerRecord(name="tiny", python="/home/envs/tiny/1/bin/python", broken="it was moved", **package)
    with pytest.raises(UsageError) as caught:
        usable(record)
    assert caught.value.where == where
