"""The attempts that machines have, and the runs whose orders wait for one. All calls may come from threads.

What must outlive the daemon is in the runs' folders. When each lease was last renewed is known to the daemon alone:
after a restart all of them count as renewed.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from gym_gui.core.worker.errors import UsageError
from gym_gui.fleet import lease as leases
from gym_gui.fleet.lease import EXPIRED, RELEASED, Lease, Refused
from gym_gui.fleet.orders import AttemptKey, Order, OrderBox
from gym_gui.logging_config.helpers import log_constant
from gym_gui.logging_config.log_constants import LOG_FLEET_LEASE_ENDED, LOG_FLEET_LEASE_GRANTED
from gym_gui.runs import RunFolder, write_json_atomic

logger = logging.getLogger(__name__)


@dataclass
class HeldAttempt:
    """An attempt that a machine has."""

    folder: RunFolder
    lease: Lease
    renewed_at: float
    """Monotonic seconds."""
    lock: threading.RLock = field(default_factory=threading.RLock)


class HeldAttempts:
    """Grants, renews and ends leases.

    Args:
        home: The home.
        lease_s: Seconds after which a machine that says nothing loses its attempts.
        clock: Monotonic, seconds.
    """

    def __init__(self, home: Path, lease_s: float, clock: Callable[[], float]) -> None:
        self._home = home
        self._lease_s = lease_s
        self._clock = clock
        self._lock = threading.Lock()
        self._boxes: dict[str, OrderBox] = {}
        self._attempts: dict[AttemptKey, HeldAttempt] = {}

    def boxes(self) -> list[tuple[str, OrderBox]]:
        """Return the orders of each run under way, by its id."""
        return list(self._boxes.items())

    def watches(self, run_id: str) -> bool:
        """Return whether a run was taken up."""
        return run_id in self._boxes

    def watch(self, folder: RunFolder) -> None:
        """Take up a run whose workers run on machines; what an earlier daemon granted stays granted."""
        with self._lock:
            if folder.run_id in self._boxes:
                return
            box = self._boxes[folder.run_id] = OrderBox(folder)
            for worker_id, attempt in box.leases():
                found = box.lease(worker_id, attempt)
                if found is not None and found.held:
                    key = AttemptKey(folder.run_id, worker_id, attempt)
                    self._attempts.setdefault(key, HeldAttempt(folder, found, self._clock()))
            box.put_back_unleased()

    def forget(self, run_id: str) -> None:
        """Let go of a run that has ended; machines that still have leases on it are told so."""
        with self._lock:
            self._boxes.pop(run_id, None)
            held = [key for key in self._attempts if key.run_id == run_id]
        for key in held:
            self.end(key, RELEASED, "the run has ended")

    def of_machine(self, machine_id: str) -> list[AttemptKey]:
        """Return the attempts that a machine has."""
        return sorted(key for key, each in list(self._attempts.items()) if each.lease.machine == machine_id)

    def expire(self) -> None:
        """End the leases of machines that were silent for too long."""
        now = self._clock()
        for key, each in list(self._attempts.items()):
            if leases.expired(each.renewed_at, now, self._lease_s):
                why = f"machine {each.lease.machine} was silent for {now - each.renewed_at:.0f} s and lost the run"
                self.end(key, EXPIRED, why)

    def claim(self, key: AttemptKey, machine: str, session: str) -> tuple[OrderBox, Lease, Order]:
        """Give an attempt to a machine; one that has it already gets the same lease again.

        Args:
            key: The attempt.
            machine: Id of the machine.
            session: Its agent process.

        Raises:
            Refused: Another machine has or had it, or it is not wanted any more.
            OSError: The disk refuses; nothing was given.
        """
        with self._lock:
            box = self._boxes.get(key.run_id)
            if box is None:
                raise Refused("the run is not under way")
            before = box.lease(key.worker_id, key.attempt)
            token = secrets.token_urlsafe(24)
            granted = leases.claim(before, machine=machine, session=session, token=token, now=time.time())
            order = box.take(key.worker_id, key.attempt) if before is None else box.taken(key.worker_id, key.attempt)
            if order is None:
                raise Refused("the order was withdrawn, or taken by another machine")
            try:
                write_json_atomic(box.lease_path(key.worker_id, key.attempt), granted)
            except OSError:
                box.put_back_unleased()
                raise
            known = self._attempts.get(key)
            if known is None:
                self._attempts[key] = HeldAttempt(box.folder, granted, self._clock())
            else:
                known.lease, known.renewed_at = granted, self._clock()
        if before is None:
            log_constant(
                logger,
                LOG_FLEET_LEASE_GRANTED,
                extra={"run_id": key.run_id, "attempt": str(key), "machine": machine},
            )
        return box, granted, order

    def get(self, key: AttemptKey, machine: str, token: str) -> HeldAttempt:
        """Return an attempt that a machine has.

        Raises:
            Refused: It does not have it, or not any more.
        """
        each = self._attempts.get(key) or self._on_record(key)
        if each is None or each.lease.machine != machine:
            raise Refused("no lease of this machine: the attempt was given up, or its run has ended")
        leases.check(each.lease, token)
        return each

    def end(self, key: AttemptKey, state: str, why: str) -> None:
        """End a lease; nothing is taken from its holder from here on."""
        with self._lock:  # not while its machine claims it again
            each = self._attempts.get(key)
            if each is None or not self._write_end(key, each, state, why):
                return
            del self._attempts[key]
        log_constant(
            logger,
            LOG_FLEET_LEASE_ENDED,
            extra={"run_id": key.run_id, "attempt": str(key), "machine": each.lease.machine, "why": why or state},
        )

    def _write_end(self, key: AttemptKey, each: HeldAttempt, state: str, why: str) -> bool:
        """Put the end of a lease on record, after what is being stored of it; return whether it is."""
        with each.lock:
            ended = leases.end(each.lease, state, why, time.time())
            try:
                write_json_atomic(OrderBox(each.folder).lease_path(key.worker_id, key.attempt), ended)
            except OSError as error:
                if each.folder.path.exists():
                    logger.warning("the end of the lease on %s cannot be written: %s", key, error)
                    return False
            each.lease = ended
            return True

    def _on_record(self, key: AttemptKey) -> HeldAttempt | None:
        """Return an attempt that an earlier daemon gave to a machine, of a run that this one has not taken up yet."""
        try:
            folder = RunFolder.of(self._home, key.run_id)
            box = OrderBox(folder)
            path = box.lease_path(key.worker_id, key.attempt)
        except UsageError:
            return None
        if not path.exists():
            return None
        with self._lock:  # read within: a lease that ends meanwhile is not taken up again
            found = box.lease(key.worker_id, key.attempt)
            if found is None or not found.held:
                return None
            return self._attempts.setdefault(key, HeldAttempt(folder, found, self._clock()))
