"""Which program sends whose signs of life, where several use the id of one machine. Pure.

A claim tells an address and no host name, a heartbeat both. A lease belongs to a session once no other one can be
meant; until then the signs of all sessions renew it. After a restart of the daemon that is learned again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gym_gui.fleet.orders import AttemptKey


class Session(NamedTuple):
    """A program with a window: it sends heartbeats."""

    host: str
    peer: str
    """Its address."""

    @property
    def label(self) -> str:
        """Its name for display."""
        return f"{self.host} ({self.peer})" if self.peer else self.host


@dataclass
class Senders:
    """The sessions of one machine's id, and which attempt each has."""

    attempts: dict[Session, AttemptKey] = field(default_factory=dict)
    """The last attempt of each session that is known to have had one."""

    def renewed(
        self, host: str, peer: str, live: Collection[Session], held: Mapping[AttemptKey, str]
    ) -> list[AttemptKey]:
        """Return the attempts whose leases a sign of life renews.

        Args:
            host: Host name of its sender; empty: it is not told.
            peer: Address of its sender.
            live: The sessions that were heard of lately.
            held: The attempts that the machine has, and the address that each was claimed from.
        """
        self._learn(live, held)
        owners = {key: session for session, key in self.attempts.items()}
        return [key for key in held if key not in owners or _is_of(owners[key], host, peer)]

    def _learn(self, live: Collection[Session], held: Mapping[AttemptKey, str]) -> None:
        owned = set(self.attempts.values())
        free = [key for key in held if key not in owned]
        if not free and any(session not in self.attempts for session in live):
            # One more session than attempts: one of them may have been taken for another one.
            self.attempts = {session: key for session, key in self.attempts.items() if key not in held}
            return
        idle = [session for session in live if self.attempts.get(session) not in held]
        self._match(idle, free)
        for peer in {session.peer for session in idle}:
            self._match(
                [session for session in idle if session.peer == peer and self.attempts.get(session) not in held],
                [key for key in free if held[key] == peer and key not in self.attempts.values()],
            )

    def _match(self, sessions: list[Session], keys: list[AttemptKey]) -> None:
        if len(sessions) == len(keys) == 1:
            self.attempts[sessions[0]] = keys[0]


def _is_of(session: Session, host: str, peer: str) -> bool:
    return session.peer == peer and (not host or session.host == host)
