"""Machines of programs that claim runs by HTTP: when each was heard of, what it has, what it claimed last."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.fleet.claims.messages import FATAL, STAGE, Report
from gym_gui.fleet.claims.senders import Senders, Session
from gym_gui.fleet.load_history import LoadHistory
from gym_gui.fleet.machines import FleetMachine, MachineFacts
from gym_gui.fleet.orders import AttemptKey
from gym_gui.runs import CLAIM_EXECUTOR, READ_ERRORS, write_json_atomic

logger = logging.getLogger(__name__)

#: Seconds without a word after which a machine counts as offline; heartbeats come every 30 s.
ONLINE_S = 95.0
#: Machines on record at most; those that were heard of longest ago are forgotten.
MAX_MACHINES = 2000
#: Figures of a machine that are shown at most.
MAX_FIGURES = 100
#: How FleetMachine.by names those who came without a token.
NO_TOKEN = "no token"  # noqa: S105 - words, no secret


class ClientRecord(msgspec.Struct, kw_only=True):
    """A machine on record."""

    machine_id: str
    since: float
    """When it was first heard of, Unix time."""
    facts: MachineFacts = msgspec.field(default_factory=MachineFacts)
    latest: AttemptKey | None = None
    """What it claimed last: its messages are about that."""


@dataclass
class ClientPresence:
    """What is known of a machine since the daemon has been running."""

    seen_at: float = float("-inf")
    """Monotonic seconds."""
    seen: float = 0.0
    """Unix time."""
    sessions: dict[Session, float] = field(default_factory=dict)
    """When each was last heard of, monotonic seconds."""
    senders: Senders = field(default_factory=Senders)
    figures: dict[str, float] = field(default_factory=dict)
    """By name, what it last said of what it claimed last."""
    stage: str = ""
    """The name of the figure of its last stage."""
    load: dict[str, Any] = field(default_factory=dict)
    """Its last words on processors, memory and GPUs."""
    history: LoadHistory = field(default_factory=LoadHistory)
    warnings: int = 0
    errors: int = 0

    def note(self, report: Report) -> None:
        """Take what a message tells of what the machine claimed last."""
        self.warnings += sum(line.level == "WARNING" for line in report.lines)
        self.errors += sum(line.level in ("ERROR", FATAL) for line in report.lines)
        if report.percent is not None:
            self.figures["percent"] = report.percent
        for name, value in report.figures.items():
            if name in self.figures or len(self.figures) < MAX_FIGURES:
                self.figures[name] = value
            self.stage = name if name.startswith(STAGE) else self.stage

    def shown(self) -> dict[str, Any]:
        """Return it for display."""
        found: dict[str, Any] = {"warnings": self.warnings, "errors": self.errors}
        if self.stage in self.figures:
            found["stage"] = {"name": self.stage.removeprefix(STAGE), "percent": self.figures[self.stage]}
        if "eta_seconds" in self.figures:
            found["eta_seconds"] = self.figures["eta_seconds"]
        return found


class Clients:
    """The machines of a home, ``fleet/clients.json``.

    Args:
        home: The home.
        clock: Monotonic, seconds.
    """

    def __init__(self, home: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.folder = home / "fleet"
        self._path = self.folder / "clients.json"
        self._clock = clock
        self._lock = threading.Lock()
        self.records: dict[str, ClientRecord] = {}
        self.presences: dict[str, ClientPresence] = {}
        self._load()

    def seen(
        self,
        machine_id: str,
        peer: str = "",
        facts: MachineFacts | None = None,
        load: Mapping[str, Any] | None = None,
    ) -> None:
        """Note that a machine was heard of.

        Args:
            machine_id: The machine, as its programs call it.
            peer: Its address.
            facts: What it says it has; ``None``: it said nothing of that.
            load: What it says is used of it; ``None``: it said nothing of that.

        Raises:
            OSError: It cannot be written down.
        """
        with self._lock:
            presence = self._presence(machine_id)
            presence.seen_at, presence.seen = self._clock(), time.time()
            if load is not None:
                presence.load = dict(load)
                presence.history.note(load)
            if facts is not None and facts.hostname:
                presence.sessions[Session(facts.hostname, peer)] = presence.seen_at
            record = self.records.get(machine_id)
            known = record is not None
            if record is None:
                record = self.records[machine_id] = ClientRecord(machine_id=machine_id, since=time.time())
            if known and (facts is None or facts == record.facts):
                return
            record.facts = facts or record.facts
            self._save()

    def claimed(self, machine_id: str, key: AttemptKey) -> None:
        """Note what a machine claimed.

        Raises:
            OSError: It cannot be written down.
        """
        with self._lock:
            record = self.records.setdefault(machine_id, ClientRecord(machine_id=machine_id, since=time.time()))
            if record.latest != key:
                record.latest = key
                presence = self._presence(machine_id)
                presence.figures, presence.stage, presence.warnings, presence.errors = {}, "", 0, 0
                self._save()

    def latest(self, machine_id: str) -> AttemptKey | None:
        """Return what a machine claimed last."""
        record = self.records.get(machine_id)
        return None if record is None else record.latest

    def presence(self, machine_id: str) -> ClientPresence:
        """Return what is known of a machine now."""
        found = self.presences.get(machine_id)
        return ClientPresence() if found is None else found  # made only where it is missing: this is asked very often

    def live(self, machine_id: str) -> list[Session]:
        """Return the sessions of a machine that were heard of lately."""
        now = self._clock()
        return [each for each, at in list(self.presence(machine_id).sessions.items()) if now - at < ONLINE_S]

    def renewed(self, machine_id: str, host: str, peer: str, held: Mapping[AttemptKey, str]) -> list[AttemptKey]:
        """Return the attempts whose leases a sign of life renews (:meth:`Senders.renewed`)."""
        with self._lock:
            return self.presence(machine_id).senders.renewed(host, peer, self.live(machine_id), held)

    def remove(self, machine_id: str) -> bool:
        """Forget a machine; return whether it was known.

        Raises:
            OSError: It cannot be written down.
        """
        with self._lock:
            known = self.records.pop(machine_id, None) is not None
            self.presences.pop(machine_id, None)
            if known:
                self._save()
            return known

    def machine(self, record: ClientRecord, run_ids: list[str], pictures: list[str]) -> FleetMachine:
        """Return a machine as it stands.

        Args:
            record: The machine.
            run_ids: The runs that it has.
            pictures: The names of the pictures of its windows.
        """
        presence = self.presence(record.machine_id)
        now = self._clock()
        live = sorted(session.label for session in self.live(record.machine_id))
        load = {**presence.load, **presence.shown(), "pictures": pictures}
        if record.latest is not None:
            load["run_id"] = record.latest.run_id
        if len(live) > 1:
            load["note"] = f"{len(live)} programs use this id: {', '.join(live)}"
        return FleetMachine(
            machine_id=record.machine_id,
            online=now - presence.seen_at < ONLINE_S,
            draining=False,
            seen_at=presence.seen or None,
            enrolled_at=record.since,
            by=NO_TOKEN,
            facts=record.facts,
            load=load,
            run_ids=run_ids,
            executor=CLAIM_EXECUTOR,
        )

    def _presence(self, machine_id: str) -> ClientPresence:
        """Return what is known of a machine now, to be changed."""
        found = self.presences.get(machine_id)
        if found is None:
            found = self.presences[machine_id] = ClientPresence()
        return found

    def _load(self) -> None:
        try:
            found = msgspec.convert(json.loads(read_regular(self._path)), list[ClientRecord])
        except FileNotFoundError:
            return
        except READ_ERRORS as error:  # what it tells comes again with the next heartbeat
            logger.warning("%s cannot be read: %s", self._path, error)
            return
        self.records = {record.machine_id: record for record in found}

    def _save(self) -> None:
        while len(self.records) > MAX_MACHINES:
            oldest = min(self.records, key=lambda each: self.presence(each).seen_at)
            del self.records[oldest]
            self.presences.pop(oldest, None)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json_atomic(self._path, list(self.records.values()), sync=False)
