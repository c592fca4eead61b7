"""Who gets an attempt, and who has lost it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from gym_gui.fleet import Desk
from gym_gui.fleet.lease import EXPIRED, HELD
from gym_gui.fleet.orders import Order, OrderBox
from gym_gui.runs import RunFolder, new_run_id


class Clock:
    """A clock that the test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """A run with one order."""
    found = RunFolder.of(tmp_path, new_run_id())
    found.create()
    OrderBox(found).post(
        Order(worker_id="w", attempt=1, worker_type="", machine="", spec={"argv": ["x"]}, home=str(tmp_path))
    )
    return found


def enrolled(desk: Desk, *names: str) -> dict[str, str]:
    """Enrol machines; return their tokens."""
    tokens = {}
    for name in names:
        answer = desk.call("enroll", name, "owner", {"machine_id": name, "facts": {}})
        tokens[name] = answer.body["token"]
    return tokens


def fields(folder: RunFolder, **more: Any) -> dict[str, Any]:
    """Return the fields that name the attempt."""
    return {"run_id": folder.run_id, "worker_id": "w", "attempt": 1, **more}


def test_of_fifty_machines_that_claim_at_once_one_wins(tmp_path: Path, folder: RunFolder) -> None:
    desk = Desk(tmp_path, 60.0)
    desk.held.watch(folder)
    tokens = enrolled(desk, *(f"m{number}" for number in range(50)))
    start = threading.Barrier(50)
    statuses = []

    def claim(name: str) -> None:
        start.wait()
        statuses.append(desk.call("claim", name, tokens[name], fields(folder, session="s")).status)

    threads = [threading.Thread(target=claim, args=(name,)) for name in tokens]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] + 49 * [409]


def test_a_claim_whose_answer_was_lost_may_be_repeated(tmp_path: Path, folder: RunFolder) -> None:
    desk = Desk(tmp_path, 60.0)
    desk.held.watch(folder)
    token = enrolled(desk, "m1")["m1"]
    first = desk.call("claim", "m1", token, fields(folder, session="s"))
    again = desk.call("claim", "m1", token, fields(folder, session="s"))
    assert (first.status, again.status) == (200, 200)
    assert again.body["token"] == first.body["token"]


def test_an_expired_lease_fences_its_machine_off(tmp_path: Path, folder: RunFolder) -> None:
    clock = Clock()
    desk = Desk(tmp_path, 10.0, clock)
    desk.held.watch(folder)
    token = enrolled(desk, "m1")["m1"]
    lease = desk.call("claim", "m1", token, fields(folder, session="s")).body["token"]
    log = {"path": "logs/w.a1.stdout.jsonl", "offset": 0, "token": lease}
    assert desk.call("append", "m1", token, fields(folder, **log), b"one\n").status == 200
    clock.now = 9.0
    desk.held.expire()
    beat = {"session": "s", "leases": [fields(folder, token=lease)]}
    assert desk.call("beat", "m1", token, beat).body["leases"][0]["state"] == "held"
    clock.now = 20.0
    desk.held.expire()
    late = desk.call("append", "m1", token, fields(folder, **{**log, "offset": 4}), b"two\n")
    assert (late.status, late.body["stale"]) == (409, True)
    assert desk.call("beat", "m1", token, beat).body["leases"][0]["state"] == "stale"
    assert folder.stdout_log("w", 1).read_bytes() == b"one\n"
    found = OrderBox(folder).lease("w", 1)
    assert found is not None
    assert (found.state, "m1" in found.why) == (EXPIRED, True)


def test_leases_survive_the_daemon_and_count_as_renewed(tmp_path: Path, folder: RunFolder) -> None:
    first = Desk(tmp_path, 10.0)
    first.held.watch(folder)
    token = enrolled(first, "m1")["m1"]
    lease = first.call("claim", "m1", token, fields(folder, session="s")).body["token"]
    clock = Clock()
    second = Desk(tmp_path, 10.0, clock)
    second.held.watch(folder)
    clock.now = 9.0
    second.held.expire()
    beat = {"session": "s", "leases": [fields(folder, token=lease)]}
    assert second.call("beat", "m1", token, beat).body["leases"][0]["state"] == "held"
    found = OrderBox(folder).lease("w", 1)
    assert found is not None
    assert found.state == HELD


def test_an_order_that_was_taken_and_not_leased_waits_again(tmp_path: Path, folder: RunFolder) -> None:
    box = OrderBox(folder)
    assert box.take("w", 1) is not None
    assert not box.waiting()
    Desk(tmp_path, 10.0).held.watch(folder)
    assert [order.worker_id for order in box.waiting()] == ["w"]


def test_a_withdrawn_order_can_be_taken_by_nobody(tmp_path: Path, folder: RunFolder) -> None:
    desk = Desk(tmp_path, 10.0)
    desk.held.watch(folder)
    token = enrolled(desk, "m1")["m1"]
    assert OrderBox(folder).withdraw("w", 1)
    assert desk.call("claim", "m1", token, fields(folder, session="s")).status == 409


@pytest.mark.parametrize("token", ["", "wrong"])
def test_a_wrong_token_is_refused(tmp_path: Path, token: str) -> None:
    desk = Desk(tmp_path, 10.0)
    enrolled(desk, "m1")
    assert desk.call("beat", "m1", token, {"session": "s"}).status == 401
    assert desk.call("beat", "m2", token, {"session": "s"}).status == 401


def test_tokens_are_kept_as_hashes(tmp_path: Path) -> None:
    token = enrolled(Desk(tmp_path, 10.0), "m1")["m1"]
    assert token not in (tmp_path / "fleet" / "machines.json").read_text()
    assert Desk(tmp_path, 10.0).call("beat", "m1", token, {"session": "s"}).status == 200


@pytest.mark.parametrize("name", ["", "../m", "a b", "x" * 101, "-m"])
def test_odd_ids_are_refused(tmp_path: Path, name: str) -> None:
    answer = Desk(tmp_path, 10.0).call("enroll", name, "owner", {"machine_id": name, "facts": {}})
    assert answer.status == 422


@pytest.mark.parametrize("body", [{}, {"session": 1}, {"session": "s", "leases": [{"run_id": "x"}]}])
def test_malformed_calls_are_refused(tmp_path: Path, body: dict[str, Any]) -> None:
    desk = Desk(tmp_path, 10.0)
    token = enrolled(desk, "m1")["m1"]
    assert desk.call("beat", "m1", token, body).status == 422


def test_a_daemon_that_has_not_read_its_runs_yet_refuses_no_holder(tmp_path: Path, folder: RunFolder) -> None:
    first = Desk(tmp_path, 10.0)
    first.held.watch(folder)
    token = enrolled(first, "m1")["m1"]
    lease = first.call("claim", "m1", token, fields(folder, session="s")).body["token"]
    beat = {"session": "s", "leases": [fields(folder, token=lease)]}
    assert Desk(tmp_path, 10.0).call("beat", "m1", token, beat).body["leases"][0]["state"] == "held"
    other = {"session": "s", "leases": [fields(folder, token="another")]}
    assert Desk(tmp_path, 10.0).call("beat", "m1", token, other).body["leases"][0]["state"] == "stale"


def test_what_a_machine_has_and_does_not_list_is_offered_again(tmp_path: Path, folder: RunFolder) -> None:
    desk = Desk(tmp_path, 10.0)
    desk.held.watch(folder)
    token = enrolled(desk, "m1")["m1"]
    desk.call("claim", "m1", token, fields(folder, session="s"))
    assert desk.call("beat", "m1", token, {"session": "s", "leases": []}).body["offers"] == [fields(folder)]


def test_a_machine_that_claims_again_what_began_there_is_told_so(tmp_path: Path, folder: RunFolder) -> None:
    """It must not run twice, should the machine have lost what it had of it."""
    desk = Desk(tmp_path, 10.0)
    desk.held.watch(folder)
    token = enrolled(desk, "m1")["m1"]
    assert not desk.call("claim", "m1", token, fields(folder, session="s")).body["begun"]
    folder.started_record("w", 1).write_text("{}")
    assert desk.call("claim", "m1", token, fields(folder, session="t")).body["begun"]


def test_what_an_agent_says_of_its_failure_is_kept(tmp_path: Path, folder: RunFolder) -> None:
    desk = Desk(tmp_path, 10.0)
    desk.held.watch(folder)
    token = enrolled(desk, "m1")["m1"]
    lease = desk.call("claim", "m1", token, fields(folder, session="s")).body["token"]
    release = fields(folder, token=lease, outcome="failed", why="its agent failed: no space")
    assert [desk.call("release", "m1", token, release).status for _ in range(2)] == [200, 200]
    found = OrderBox(folder).lease("w", 1)
    assert found is not None
    assert (found.state, found.why) == ("failed", "its agent failed: no space")
