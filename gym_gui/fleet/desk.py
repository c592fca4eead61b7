"""The daemon's side of the fleet: who may take which attempt, and what machines are told.

All calls may come from threads. Everything that must outlive the daemon is in the home: machines in ``fleet/``, orders
and leases in the runs' folders. When each lease was last renewed is known to the daemon alone: after a restart all of
them count as renewed.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.fleet import lease as leases
from gym_gui.fleet.arrivals import Arrivals, Mismatch, Unwelcome
from gym_gui.fleet.held_attempts import HeldAttempt, HeldAttempts
from gym_gui.fleet.lease import EXPIRED, FAILED, REFUSED, RELEASED, Refused
from gym_gui.fleet.load_history import LoadHistory
from gym_gui.fleet.machines import FleetMachine, MachineFacts, MachineRecord, MachineStore, UnknownMachineError
from gym_gui.fleet.orders import AttemptKey, OrderBox
from gym_gui.fleet.provisioner import AttemptReport
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import (
    LOG_FLEET_MACHINE_ENROLLED,
)
from gym_gui.runs import AGENT_EXECUTOR, write_json_atomic
from gym_gui.supervision import ObservedClock

logger = logging.getLogger(__name__)

#: Seconds between two heartbeats of a machine: with a run, and while it waits for one.
BUSY_S, IDLE_S = 5.0, 2.0


class Answer(msgspec.Struct, frozen=True):
    """What a machine is answered, as an HTTP status, a JSON body, and bytes."""

    status: int
    body: dict[str, Any] = {}
    data: bytes = b""


class Denied(Exception):  # noqa: N818 - an answer, not a fault
    """A call is refused.

    Args:
        status: HTTP status.
        what: In words.
        more: For the machine to act on.
    """

    def __init__(self, status: int, what: str, **more: object) -> None:
        super().__init__(what)
        self.answer = Answer(status, {"error": _parts(what), **more})


class _Hello(msgspec.Struct):
    machine_id: str
    facts: MachineFacts
    session: str = ""


class _Held(msgspec.Struct):
    run_id: str
    worker_id: str
    attempt: int
    token: str
    report: AttemptReport = msgspec.field(default_factory=AttemptReport)


class _Beat(msgspec.Struct):
    session: str
    facts: MachineFacts | None = None
    load: dict[str, Any] = {}
    free_slots: int = 0
    draining: bool = False
    leases: list[_Held] = []


class _Claim(msgspec.Struct):
    session: str
    run_id: str
    worker_id: str
    attempt: int


class _Part(msgspec.Struct):
    run_id: str
    worker_id: str
    attempt: int
    token: str
    path: str = ""
    offset: int = 0
    size: int | None = None
    sha256: str = ""
    outcome: str = RELEASED
    why: str = ""


class Desk:
    """Hands orders to machines and takes in what they ship.

    Args:
        home: The home.
        lease_s: Seconds after which a machine that says nothing loses its attempts.
        clock: Monotonic, seconds; ``None``: one that does not count the time in which this process stands still.
        store: Its machines; ``None``: those that are on record in the home.
        executor: That of the runs that they take.
    """

    def __init__(
        self,
        home: Path,
        lease_s: float,
        clock: Callable[[], float] | None = None,
        store: MachineStore | None = None,
        executor: str = AGENT_EXECUTOR,
    ) -> None:
        self._executor = executor
        self.store = MachineStore(home) if store is None else store
        self._clock = clock or ObservedClock()
        self.held = HeldAttempts(home, lease_s, self._clock)
        self.lease_s = lease_s
        self._lock = threading.Lock()

    def online(self, machine_id: str) -> bool:
        """Return whether a machine was heard of lately."""
        return self._clock() - self.store.presence(machine_id).seen_at < self.lease_s

    def note_presence(self, machine_id: str) -> None:
        """Note that a machine was heard of."""
        presence = self.store.presence(machine_id)
        presence.seen_at, presence.seen = self._clock(), time.time()

    def machines(self) -> list[FleetMachine]:
        """Return every enrolled machine, by id."""
        found = []
        for machine_id, record in sorted(self.store.records.items()):
            presence = self.store.presence(machine_id)
            found.append(
                FleetMachine(
                    machine_id=machine_id,
                    online=self.online(machine_id),
                    draining=presence.draining,
                    seen_at=presence.seen or None,
                    enrolled_at=record.enrolled_at,
                    by=record.by,
                    facts=record.facts,
                    load=presence.load,
                    run_ids=sorted({key.run_id for key in self.held.of_machine(machine_id)}),
                    executor=self._executor,
                )
            )
        return found

    def load_history(self, machine_id: str) -> LoadHistory | None:
        """Return how busy a machine was; ``None``: it is not enrolled."""
        return self.store.presence(machine_id).history if machine_id in self.store.records else None

    def remove(self, machine_id: str) -> None:
        """Forget a machine: its token is refused from now on, and what it has is given up.

        Raises:
            UnknownMachineError: There is no such machine.
            OSError: It cannot be written down.
        """
        with self._lock:
            if not self.store.remove(machine_id):
                raise UnknownMachineError(machine_id, list(self.store.records))
        for key in self.held.of_machine(machine_id):
            self.held.end(key, EXPIRED, f"machine {machine_id} was removed")

    def give_up(self, run_id: str, worker_id: str, attempt: int, why: str) -> None:
        """End the lease on an attempt whose machine is gone; nothing happens where no machine has it."""
        self.held.end(AttemptKey(run_id, worker_id, attempt), EXPIRED, why)

    def call(self, method: str, machine_id: str, token: str, body: dict[str, Any], data: bytes = b"") -> Answer:
        """Answer a call of a machine.

        Args:
            method: ``enroll``, ``beat``, ``claim``, ``fetch``, ``append``, ``put`` or ``release``. Who
                may enrol a machine is checked by the caller.
            machine_id: The machine.
            token: Its token; with ``enroll`` the name of who enrols it.
            body: What it says.
            data: Bytes that it ships.
        """
        try:
            if method == "enroll":
                return self._enroll(machine_id, token, body)
            machine = self.store.authenticate(machine_id, token)
            if machine is None:
                raise Denied(401, "the machine is not enrolled here, or its token is wrong")
            act = {
                "beat": self._beat,
                "claim": self._claim,
                "fetch": self._fetch,
                "append": self._append,
                "put": self._put,
                "release": self._release,
            }.get(method)
            if act is None:
                raise Denied(404, f"there is no call {method[:50]!r}")
            return act(machine, body, data)
        except Denied as denied:
            return denied.answer
        except msgspec.ValidationError as error:
            return Answer(422, {"error": _parts(f"the request is malformed: {error}")})
        except Unwelcome as error:
            return Answer(403, {"error": _parts(str(error))})
        except Refused as error:
            return Answer(409, {"error": _parts(str(error)), "stale": True})
        except Mismatch as error:
            return Answer(409, {"error": _parts(str(error)), "size": error.size})
        except OSError as error:
            logger.warning("a call %s of machine %s failed: %s", method, machine_id, error)
            return Answer(503, {"error": _parts(f"the server cannot store it now: {error.strerror or error}")})

    def _enroll(self, machine_id: str, by: str, body: dict[str, Any]) -> Answer:
        hello = msgspec.convert(body, _Hello)
        try:
            with self._lock:
                record, token = self.store.enroll(hello.machine_id or machine_id, hello.facts, by)
        except ValueError as error:
            raise Denied(422, str(error)) from None
        log_constant(logger, LOG_FLEET_MACHINE_ENROLLED, extra={"machine": record.machine_id, "by": by})
        return Answer(200, {"machine_id": record.machine_id, "token": token})

    def _beat(self, machine: MachineRecord, body: dict[str, Any], _data: bytes) -> Answer:
        beat = msgspec.convert(body, _Beat)
        self.note_presence(machine.machine_id)
        presence = self.store.presence(machine.machine_id)
        presence.session, presence.load, presence.draining = beat.session, beat.load, beat.draining
        presence.history.note(beat.load)
        if beat.facts is not None:
            with self._lock:
                self.store.update(machine, beat.facts)
        answers = [self._renew(machine, held) for held in beat.leases]
        listed = {AttemptKey(each.run_id, each.worker_id, each.attempt) for each in beat.leases}
        offers = self._unlisted(machine, listed)
        if not beat.draining:
            offers += self._offers(machine, beat.free_slots)
        busy = bool(beat.leases)
        interval = min(BUSY_S if busy else IDLE_S, self.lease_s / 4)
        return Answer(
            200,
            {
                "interval_s": interval,
                "lease_s": self.lease_s,
                "leases": answers,
                "offers": offers,
            },
        )

    def _renew(self, machine: MachineRecord, held: _Held) -> dict[str, Any]:
        key = AttemptKey(held.run_id, held.worker_id, held.attempt)
        answer: dict[str, Any] = {"run_id": key.run_id, "worker_id": key.worker_id, "attempt": key.attempt}
        try:
            each = self.held.get(key, machine.machine_id, held.token)
        except Refused as refused:
            return {**answer, "state": "stale", "why": str(refused)}
        each.renewed_at = self._clock()
        box = OrderBox(each.folder)
        report = msgspec.structs.replace(held.report, at=time.time())
        with contextlib.suppress(OSError):
            write_json_atomic(box.report_path(key.worker_id, key.attempt), report, sync=False)
        commands = [msgspec.to_builtins(one) for one in box.commands(key.worker_id, key.attempt)]
        return {**answer, "state": "held", "commands": commands, "cancelled": each.folder.cancel_intent.exists()}

    def _unlisted(self, machine: MachineRecord, listed: set[AttemptKey]) -> list[dict[str, Any]]:
        """Return what a machine has and does not know of: the answer to its claim was lost, or it died with it."""
        return [
            {"run_id": key.run_id, "worker_id": key.worker_id, "attempt": key.attempt}
            for key in self.held.of_machine(machine.machine_id)
            if key not in listed
        ]

    def _offers(self, machine: MachineRecord, free_slots: int) -> list[dict[str, Any]]:
        """Return the orders for a machine: those of runs placed on it, and of runs whose machine has gone."""
        found: list[dict[str, Any]] = []
        for run_id, box in self.held.boxes():
            for order in box.waiting():
                own = order.machine == machine.machine_id
                orphaned = not own and not self.online(order.machine)
                if own or (orphaned and free_slots > len(found) and order.gpus <= len(machine.facts.gpus)):
                    found.append(
                        {
                            "run_id": run_id,
                            "worker_id": order.worker_id,
                            "attempt": order.attempt,
                            "worker_type": order.worker_type,
                            "argv0": (order.spec.get("argv") or [""])[0],
                        }
                    )
        return found

    def _claim(self, machine: MachineRecord, body: dict[str, Any], _data: bytes) -> Answer:
        asked = msgspec.convert(body, _Claim)
        key = AttemptKey(asked.run_id, asked.worker_id, asked.attempt)
        box, granted, order = self.held.claim(key, machine.machine_id, asked.session)
        files = Arrivals(box.folder, key).inputs()
        begun = box.folder.started_record(key.worker_id, key.attempt).exists()
        given = {"token": granted.token, "order": msgspec.to_builtins(order), "begun": begun}
        return Answer(200, {**given, "files": [list(each) for each in files]})

    def _fetch(self, machine: MachineRecord, body: dict[str, Any], _data: bytes) -> Answer:
        part, key, each = self._part(machine, body)
        return Answer(200, {}, Arrivals(each.folder, key).fetch(part.path, part.offset))

    def _append(self, machine: MachineRecord, body: dict[str, Any], data: bytes) -> Answer:
        part, key, each = self._part(machine, body)
        with each.lock:
            leases.check(each.lease, part.token)
            size = Arrivals(each.folder, key).append(part.path, part.offset, data)
        return Answer(200, {"size": size})

    def _put(self, machine: MachineRecord, body: dict[str, Any], data: bytes) -> Answer:
        part, key, each = self._part(machine, body)
        whole = None if part.size is None else (part.size, part.sha256)
        with each.lock:
            leases.check(each.lease, part.token)
            size = Arrivals(each.folder, key).put(part.path, part.offset, data, whole)
        return Answer(200, {"size": size})

    def _release(self, machine: MachineRecord, body: dict[str, Any], _data: bytes) -> Answer:
        part = msgspec.convert(body, _Part)
        key = AttemptKey(part.run_id, part.worker_id, part.attempt)
        if part.outcome not in (RELEASED, REFUSED, FAILED):
            raise Denied(422, f"outcome is {part.outcome[:50]!r}, allowed: {RELEASED}, {REFUSED}, {FAILED}")
        with contextlib.suppress(Refused):  # released before: its answer was lost
            self.held.get(key, machine.machine_id, part.token)
            self.held.end(key, part.outcome, part.why[:500])
        return Answer(200, {})

    def _part(self, machine: MachineRecord, body: dict[str, Any]) -> tuple[_Part, AttemptKey, HeldAttempt]:
        part = msgspec.convert(body, _Part)
        key = AttemptKey(part.run_id, part.worker_id, part.attempt)
        each = self.held.get(key, machine.machine_id, part.token)
        each.renewed_at = self._clock()
        return part, key, each


def _parts(what: str) -> dict[str, str]:
    """Return an error as the interface has it, of which a machine needs no more than the sentence."""
    return {"what": what, "where": "", "why": "", "next": ""}
