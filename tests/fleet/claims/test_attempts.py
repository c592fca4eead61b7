"""Leases of programs, and what these report: each line once and in order, whatever is cut off."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from gym_gui.core import regular_files
from gym_gui.fleet.claims.attempts import LATE, ORDER_S, REPEATED, STORED, ClaimedAttempts
from gym_gui.fleet.claims.clients import ONLINE_S, Clients
from gym_gui.fleet.claims.figures import FIGURE_S
from gym_gui.fleet.claims.held_lines import REMEMBERED
from gym_gui.fleet.claims.journal import AttemptJournal
from gym_gui.fleet.claims.messages import LogLine, digest_of, read_message
from gym_gui.fleet.claims.provisioner import ClaimProvisioner
from gym_gui.fleet.lease import EXPIRED, RELEASED, Refused
from gym_gui.fleet.machines import MachineFacts
from gym_gui.fleet.orders import AttemptKey
from gym_gui.runs import RunFolder, read_machine
from gym_gui.supervision import MACHINE_LOST, Attempt, Signal

NOW = 1_700_000_000.0


class Clock:
    """A monotonic clock that is set."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "runs" / "01J0000000000000000000000A")
    folder.create()
    return folder


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(tmp_path: Path, clock: Clock) -> ClaimedAttempts:
    return ClaimedAttempts(tmp_path, 300.0, clock)


def tell(attempts: ClaimedAttempts, key: AttemptKey, message: dict[str, Any], batch: str = "") -> str:
    return attempts.report(key, message, read_message(message, NOW), batch)


def observed(folder: RunFolder, attempt: int = 1) -> Any:
    plan: Any = None
    return ClaimProvisioner(folder, plan, Clock()).observe(Attempt(worker_id="000001", number=attempt))


def test_one_machine_has_an_attempt_until_its_lease_expires(
    attempts: ClaimedAttempts, folder: RunFolder, clock: Clock
) -> None:
    assert not observed(folder).spawning
    key = attempts.grant(folder, "000001", "m1")
    with pytest.raises(Refused, match="m1"):
        attempts.grant(folder, "000001", "m2")
    assert (observed(folder).launcher_alive, observed(folder).elsewhere) == (True, True)
    clock.now = 299.0
    attempts.renew(attempts.of_machine("m1"))
    clock.now = 598.0
    attempts.expire()
    assert attempts.machine_of(folder.run_id) == "m1"
    clock.now = 599.0
    attempts.expire()
    standing = attempts.standing(folder, "000001")
    assert standing is not None
    assert (standing.attempt, standing.lease.state) == (1, EXPIRED)
    assert observed(folder).exit.reason == MACHINE_LOST
    assert tell(attempts, key, {"type": "finished"}) == LATE
    assert attempts.grant(folder, "000001", "m2").attempt == 2
    assert read_machine(folder) == "m2"


def test_a_daemon_after_this_one_goes_on(
    attempts: ClaimedAttempts, folder: RunFolder, tmp_path: Path, clock: Clock
) -> None:
    key = attempts.grant(folder, "000001", "m1")
    tell(attempts, key, {"type": "log_batch", "logs": [{"message": "no license", "log_type": "fatal"}]})
    tell(attempts, key, {"type": "finished", "message": "Study finished successfully"})
    later = ClaimedAttempts(tmp_path, 300.0, clock)
    later.watch(folder)
    later.finish_due(now=True)
    standing = later.standing(folder, "000001")
    assert standing is not None
    assert (standing.lease.state, standing.exit_code) == (RELEASED, 1)
    assert observed(folder).exit.error == "no license"
    assert "FATAL no license" in folder.stderr_log("000001", 1).read_text()


def test_a_signal_cancels(attempts: ClaimedAttempts, folder: RunFolder) -> None:
    attempts.grant(folder, "000001", "m1")
    plan: Any = None
    provisioner = ClaimProvisioner(folder, plan, Clock())
    assert not provisioner.signal(Attempt(worker_id="000001", number=1), Signal.PAUSE)
    assert provisioner.signal(Attempt(worker_id="000001", number=1), Signal.STOP)
    attempts.finish_due()
    assert (observed(folder).exit.reason, observed(folder).exit.signalled) == ("cancelled", True)
    assert not provisioner.signal(Attempt(worker_id="000001", number=1), Signal.STOP)


def test_figures_are_thinned_and_the_last_one_is_kept(
    attempts: ClaimedAttempts, folder: RunFolder, clock: Clock
) -> None:
    key = attempts.grant(folder, "000001", "m1")
    for number in range(100):
        clock.now += FIGURE_S / 10
        tell(attempts, key, {"type": "overall_progress", "current": number, "total": 100})
    clock.now += FIGURE_S
    attempts.finish_due()
    lines = [json.loads(line) for line in folder.stdout_log("000001", 1).read_text().splitlines()]
    values = [line["values"]["overall_progress"] for line in lines if line.get("event_type") == "metric"]
    assert len(values) < 15
    assert values[-1] == 99.0


def test_copies_are_stored_once(attempts: ClaimedAttempts, folder: RunFolder, clock: Clock) -> None:
    clock.now = 1000.0
    key = attempts.grant(folder, "000001", "m1")
    message = {"type": "log_batch", "logs": [{"message": "once", "timestamp": NOW}], "sequence": 0}
    assert tell(attempts, key, message, digest_of(message)) == STORED
    assert tell(attempts, key, message, digest_of(message)) == REPEATED
    clock.now += ORDER_S - 0.1
    attempts.finish_due()
    assert folder.stderr_log("000001", 1).read_text() == "", "earlier lines may be under way"
    clock.now += 0.2
    attempts.finish_due()
    assert folder.stderr_log("000001", 1).read_text().count("once") == 1


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("cut", [0, 1, 3, 10, 40, 70, 10_000])
def test_a_batch_in_which_the_daemon_was_killed_is_stored_once(
    attempts: ClaimedAttempts, folder: RunFolder, clock: Clock, tmp_path: Path, cut: int, written: bool
) -> None:
    key = attempts.grant(folder, "000001", "m1")
    tell(attempts, key, {"type": "print", "message": "zero"}, "b.0")
    (held,) = (folder.control / "fleet").glob("*.held")
    size = held.stat().st_size
    message = {"type": "log_batch", "logs": [{"message": text, "timestamp": NOW} for text in ("one", "two", "three")]}
    tell(attempts, key, message, "b.1")
    os.truncate(held, min(held.stat().st_size, size + cut))
    clock.now = 100.0
    later = ClaimedAttempts(tmp_path, 300.0, clock)
    later.watch(folder)
    if written:
        later.finish_due()
    assert tell(later, key, {"type": "print", "message": "zero"}, "b.0") == REPEATED
    tell(later, key, message, "b.1")
    later = ClaimedAttempts(tmp_path, 300.0, clock)
    assert tell(later, key, message, "b.1") == REPEATED, "the one after that knows all of it, too"
    tell(later, key, {"type": "print", "message": "zero"}, "b.2")
    clock.now += ORDER_S
    later.finish_due()
    words = [line.split()[-1] for line in folder.stderr_log("000001", 1).read_text().splitlines()]
    assert sorted(words) == ["one", "three", "two", "zero", "zero"]


@pytest.mark.parametrize("refused", ["figures", "message"])
def test_lines_are_stored_once_though_the_disk_refuses_other_things(
    attempts: ClaimedAttempts, folder: RunFolder, clock: Clock, monkeypatch: pytest.MonkeyPatch, refused: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    key = attempts.grant(folder, "000001", "m1")
    for percent in (1, 2):
        tell(attempts, key, {"type": "overall_progress", "current": percent, "total": 100})
    clock.now = FIGURE_S
    messages: dict[str, dict[str, Any]] = {
        "lines": {"type": "log_batch", "logs": [{"message": "once", "timestamp": NOW}]},
        "end": {"type": "memory_error", "message": "too large"},
    }
    with monkeypatch.context() as patch:
        patch.setattr(AttemptJournal, refused, full)
        for name, message in messages.items():
            with contextlib.suppress(OSError):
                tell(attempts, key, message, name)
    for name, message in messages.items():
        tell(attempts, key, message, name)
    clock.now += ORDER_S
    attempts.finish_due()
    words = [line.split()[-1] for line in folder.stderr_log("000001", 1).read_text().splitlines()]
    assert words == ["once", "large"]
    assert (folder.control / "fleet").joinpath("000001.a1.messages.jsonl").read_text().count("too large") == 1


def test_old_batches_are_forgotten(folder: RunFolder) -> None:
    journal = AttemptJournal(folder, AttemptKey(folder.run_id, "000001", 1))
    journal.begin("m1")
    for number in range(8):
        lines = [LogLine(NOW, "INFO", "one"), LogLine(NOW, "INFO", "two")]
        for each in range(REMEMBERED // 2):
            journal.held.hold(lines, f"b.{number}.{each}")
        journal.held.write()
    recalled = journal.held.recall()
    assert REMEMBERED <= len(recalled) <= 3 * REMEMBERED
    assert recalled[f"b.7.{REMEMBERED // 2 - 1}"] == 2
    assert "b.0.0" not in recalled


def test_lines_that_the_disk_refuses_are_not_half_there(folder: RunFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = AttemptJournal(folder, AttemptKey(folder.run_id, "000001", 1))
    journal.begin("m1")
    journal.held.hold([LogLine(NOW, "INFO", "before")])

    def half(path: Path, data: bytes) -> None:
        path.write_bytes(path.read_bytes() + data[: len(data) // 2])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(regular_files, "append", half)
        with pytest.raises(OSError, match="No space"):
            journal.held.hold([LogLine(NOW, "INFO", "refused")])
    journal.held.write()
    assert [line.split()[-1] for line in log_of(folder).splitlines()] == ["before"]


@pytest.mark.parametrize("cut", [0, 1, 20, 10_000])
def test_lines_are_written_in_order_and_once_whenever_it_is_cut_off(folder: RunFolder, cut: int) -> None:
    journal = AttemptJournal(folder, AttemptKey(folder.run_id, "000001", 1))
    journal.begin("m1")
    journal.held.hold([LogLine(NOW, "INFO", "zero")])
    journal.held.write()
    lines = [LogLine(NOW + 3, "INFO", "three"), LogLine(NOW + 1, "INFO", "one"), LogLine(NOW + 2, "INFO", "two\nmore")]
    journal.held.hold(lines)
    log = folder.stderr_log("000001", 1)
    size = log.stat().st_size
    (held,) = (folder.control / "fleet").glob("*.held")
    held.rename(f"{held}.{size}")  # killed after so much of it was written
    whole = b"".join(line.encoded() for line in sorted(lines))
    with log.open("ab") as stream:
        stream.write(whole[:cut])
    journal.held.write()
    assert log.read_bytes()[size:] == whole
    assert not [*(folder.control / "fleet").glob("*.held*")]


def test_machines_that_share_an_id_are_named(tmp_path: Path, clock: Clock) -> None:
    clients = Clients(tmp_path, clock)
    clients.seen("198.51.100.7", "10.0.0.1", MachineFacts(hostname="a", cpus=4))
    record = clients.records["198.51.100.7"]
    assert "note" not in clients.machine(record, [], []).load
    clients.seen("198.51.100.7", "10.0.0.2", MachineFacts(hostname="b", cpus=8))
    machine = clients.machine(record, [], ["Main"])
    assert "2 programs use this id: a (10.0.0.1), b (10.0.0.2)" in machine.load["note"]
    assert (machine.online, machine.load["pictures"]) == (True, ["Main"])
    clock.now += ONLINE_S
    assert not clients.machine(record, [], []).online
    key = AttemptKey("01J0000000000000000000000A", "000001", 1)
    clients.claimed("198.51.100.7", key)
    assert Clients(tmp_path).latest("198.51.100.7") == key


def log_of(folder: RunFolder, attempt: int = 1) -> str:
    return folder.stderr_log("000001", attempt).read_text()


def batch(*texts: str) -> dict[str, Any]:
    logs = [{"message": text, "timestamp": NOW + number} for number, text in enumerate(texts)]
    return {"type": "log_batch", "logs": logs}


def test_a_torn_line_stops_neither_its_attempt_nor_others(
    tmp_path: Path, folder: RunFolder, clock: Clock, attempts: ClaimedAttempts
) -> None:
    """The disk was full in the middle of it, say."""
    other = RunFolder(tmp_path / "runs" / "01J0000000000000000000000B")
    other.create()
    torn, whole = attempts.grant(folder, "000001", "m1"), attempts.grant(other, "000001", "m2")
    tell(attempts, torn, batch("before"))
    (held,) = (path for path in (folder.control / "fleet").iterdir() if path.name.endswith(".held"))
    with held.open("ab") as stream:
        stream.write(b'[1700000001.0,"INFO","ha')
    tell(attempts, torn, batch("after"))
    for key in (torn, whole):
        tell(attempts, key, {"type": "finished", "message": "ok"})
    clock.now += ORDER_S
    attempts.finish_due(now=True)
    assert not attempts.of_machine("m1")
    assert not attempts.of_machine("m2")
    assert "before" in log_of(folder)
    assert '"ha' in log_of(folder)
    assert "after" in log_of(folder)


def test_a_grant_that_cannot_be_written_leaves_the_attempt_to_others(
    folder: RunFolder, attempts: ClaimedAttempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gym_gui.fleet.claims import attempts as module

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for name in ("write_json_atomic", "write_grant"):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, full)
            with pytest.raises(OSError, match="No space"):
                attempts.grant(folder, "000001", "m1")
        assert attempts.standing(folder, "000001") is None
    assert attempts.grant(folder, "000001", "m2").attempt == 1


def test_a_message_before_its_run_is_taken_up_again_counts(
    tmp_path: Path, folder: RunFolder, clock: Clock, attempts: ClaimedAttempts
) -> None:
    key = attempts.grant(folder, "000001", "m1")
    after = ClaimedAttempts(tmp_path, 300.0, clock)
    assert tell(after, key, {"type": "finished", "message": "ok"}) == STORED
    after.watch(folder)
    after.finish_due(now=True)
    assert not after.of_machine("m1")


def test_what_is_held_when_a_lease_ends_is_in_the_log(folder: RunFolder, attempts: ClaimedAttempts) -> None:
    key = attempts.grant(folder, "000001", "m1")
    tell(attempts, key, batch("the last line"))
    attempts.end(key, EXPIRED, "silent")
    assert "the last line" in log_of(folder)
    assert tell(attempts, key, batch("too late")) == LATE


def test_the_last_figure_of_a_completed_attempt_is_that_it_is_whole(
    folder: RunFolder, attempts: ClaimedAttempts
) -> None:
    """What waited to be written comes before it, and nothing after the end."""
    key = attempts.grant(folder, "000001", "m1")
    for percent in (10, 50, 100):
        tell(attempts, key, {"type": "overall_progress", "current": percent, "total": 100})
    tell(attempts, key, {"type": "finished", "message": "ok"})
    attempts.finish_due(now=True)
    records = [json.loads(line) for line in folder.stdout_log("000001", 1).read_text().splitlines()]
    shown = [record["values"]["overall_progress"] for record in records if record.get("event_type") == "metric"]
    assert shown == [10.0, 99.0, 100.0]
    assert records[-1]["event"] == "run_completed"
