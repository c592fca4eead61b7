"""Orders: one machine has each, or none can have it, whatever is killed in between."""

from __future__ import annotations

from pathlib import Path

import pytest

from gym_gui.fleet.lease import REFUSED, Lease
from gym_gui.fleet.orders import Order, OrderBox
from gym_gui.fleet.slurm.jobs import SlurmJobs
from gym_gui.fleet.slurm.queue import LocalQueue
from gym_gui.runs import RunFolder, new_run_id

ORDER = Order(worker_id="000001", attempt=1, worker_type="random", machine="", spec={}, home="")
WHY = Lease(machine="", session="", token="", granted_at=1.0, state=REFUSED, why="invalid partition", ended_at=1.0)


@pytest.fixture
def box(tmp_path: Path) -> OrderBox:
    folder = RunFolder.of(tmp_path, new_run_id())
    folder.create()
    box = OrderBox(folder)
    assert box.post(ORDER)
    return box


def test_a_refused_order_is_for_no_machine(box: OrderBox) -> None:
    assert box.refuse("000001", 1, WHY)
    assert box.lease("000001", 1) == WHY
    assert box.waiting() == []
    assert not box.post(ORDER)
    assert not box.refuse("000001", 1, WHY)


def test_a_withdrawn_order_is_not_refused(box: OrderBox) -> None:
    assert box.withdraw("000001", 1)
    assert not box.refuse("000001", 1, WHY)
    assert box.lease("000001", 1) is None


def test_a_refusal_in_which_the_daemon_was_killed_is_finished(box: OrderBox, monkeypatch: pytest.MonkeyPatch) -> None:
    class KilledError(BaseException):
        """In place of a kill."""

    def killed(*_: object) -> Path:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(box, "lease_path", killed)
        with pytest.raises(KilledError):
            box.refuse("000001", 1, WHY)
    assert box.lease("000001", 1) is None
    assert not box.post(ORDER), "its supervisor offers it to no other job"
    SlurmJobs(LocalQueue(), dict).watch(box.folder)
    assert box.lease("000001", 1) == WHY
