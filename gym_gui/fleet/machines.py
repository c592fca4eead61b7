"""Machines with an agent: those that were enrolled, on record, and when each was last heard of."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from gym_gui.core.regular_files import read_regular
from gym_gui.core.worker.errors import NotFoundError, nearest
from gym_gui.fleet.load_history import LoadHistory
from gym_gui.runs import AGENT_EXECUTOR, write_json_atomic

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,99}")


class UnknownMachineError(NotFoundError):
    """There is no such machine.

    Args:
        machine_id: What was asked for.
        known: The ids that there are.
    """

    def __init__(self, machine_id: str, known: list[str]) -> None:
        near = nearest(machine_id, known)
        super().__init__(
            f"there is no machine {machine_id!r}" + (f"; did you mean {near!r}?" if near else ""),
            next_step="list the machines: mosaic machines list",
        )


class MachineFacts(msgspec.Struct, kw_only=True):
    """What an agent says of its machine."""

    hostname: str = ""
    platform: str = ""
    python: str = ""
    version: str = ""
    """Of the agent."""
    cpus: int = 1
    memory_mb: int = 0
    gpus: list[str] = []
    """Names of the GPUs as ``CUDA_VISIBLE_DEVICES`` takes them."""
    gpu_name: str = ""
    slots: int = 1
    """Runs at once."""


class MachineRecord(msgspec.Struct, kw_only=True):
    """An enrolled machine, as it is on record."""

    machine_id: str
    token_sha256: str
    enrolled_at: float
    """Unix time."""
    by: str = ""
    """Whose token enrolled it."""
    facts: MachineFacts = msgspec.field(default_factory=MachineFacts)


class FleetMachine(msgspec.Struct, kw_only=True):
    """An enrolled machine as it stands."""

    machine_id: str
    online: bool
    """It was heard of within the time of a lease."""
    draining: bool
    """It takes no more runs."""
    seen_at: float | None
    """When it was last heard of, Unix time; ``None``: not since the daemon was started."""
    enrolled_at: float
    by: str
    facts: MachineFacts
    load: dict[str, Any] = {}
    """Its last words on load average, memory and GPUs."""
    run_ids: list[str] = []
    """Runs that it has."""
    executor: str = AGENT_EXECUTOR
    """That of the runs that it takes."""


@dataclass
class Presence:
    """What is known of a machine since the daemon has been running."""

    seen_at: float = float("-inf")
    """Monotonic seconds."""
    seen: float = 0.0
    """Unix time."""
    session: str = ""
    load: dict[str, Any] = field(default_factory=dict)
    history: LoadHistory = field(default_factory=LoadHistory)
    """Its last words on CPU, memory and GPUs."""
    draining: bool = False
    """It takes no more runs."""


class MachineStore:
    """The machines of a home, ``fleet/machines.json``.

    Args:
        home: The home.
    """

    def __init__(self, home: Path) -> None:
        self._path = home / "fleet" / "machines.json"
        self.records: dict[str, MachineRecord] = {}
        self.presences: dict[str, Presence] = {}
        self._load()

    def enroll(self, machine_id: str, facts: MachineFacts, by: str) -> tuple[MachineRecord, str]:
        """Enrol a machine, or give one a new token that was enrolled before; return it, and its token.

        Args:
            machine_id: Chosen by the agent, once for its machine.
            facts: What it has.
            by: Whose token enrols it.

        Raises:
            ValueError: The id is not allowed.
            OSError: The record cannot be written.
        """
        if not _ID.fullmatch(machine_id):
            raise ValueError(f"{machine_id[:100]!r} is no machine id: 1 to 100 letters, digits, '.', '_', ':' and '-'")
        token = secrets.token_urlsafe(24)
        record = MachineRecord(
            machine_id=machine_id,
            token_sha256=_hash(token),
            enrolled_at=time.time(),
            by=by,
            facts=facts,
        )
        self.records[machine_id] = record
        self._save()
        return record, token

    def authenticate(self, machine_id: str, token: str) -> MachineRecord | None:
        """Return the machine that a token is of, ``None`` if it is not that machine's."""
        record = self.records.get(machine_id)
        if record is None or not hmac.compare_digest(record.token_sha256, _hash(token)):
            return None
        return record

    def presence(self, machine_id: str) -> Presence:
        """Return what is known of a machine now."""
        return self.presences.setdefault(machine_id, Presence())

    def update(self, record: MachineRecord, facts: MachineFacts) -> None:
        """Take what a machine says it has.

        Raises:
            OSError: The record cannot be written.
        """
        if record.facts != facts:
            record.facts = facts
            self._save()

    def remove(self, machine_id: str) -> bool:
        """Forget a machine: its token is refused from now on; return whether it was known.

        Raises:
            OSError: The record cannot be written.
        """
        if self.records.pop(machine_id, None) is None:
            return False
        self.presences.pop(machine_id, None)
        self._save()
        return True

    def _load(self) -> None:
        try:
            found = msgspec.convert(json.loads(read_regular(self._path)), list[MachineRecord])
        except FileNotFoundError:
            return
        self.records = {record.machine_id: record for record in found}

    def _save(self) -> None:
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_json_atomic(self._path, list(self.records.values()))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
