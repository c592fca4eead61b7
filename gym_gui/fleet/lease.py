"""Leases: which machine has an attempt, and until when. Pure: facts and times in, the next lease or a refusal out.

A lease is granted once for each attempt. Its token is secret and fences: a call with another one is refused, so
a machine that was given up can change nothing any more. Times are those of the server's monotonic clock.
"""

from __future__ import annotations

import msgspec

#: States of a lease.
HELD, RELEASED, REFUSED, FAILED, EXPIRED = "held", "released", "refused", "failed", "expired"


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """The lease on one attempt, as it is on record."""

    machine: str
    """Id of the machine."""
    session: str
    """The agent process that claimed it, until another one of the same machine continued."""
    token: str
    granted_at: float
    """Unix time."""
    state: str = HELD
    why: str = ""
    """Why it ended, in words."""
    ended_at: float | None = None
    """Unix time."""

    @property
    def held(self) -> bool:
        """Whether the machine has the attempt."""
        return self.state == HELD


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """A machine may not do this with an attempt; the text says why."""


def claim(lease: Lease | None, *, machine: str, session: str, token: str, now: float) -> Lease:
    """Return the lease of a machine that claims an attempt.

    A machine that holds it already gets the same lease again: its first answer was lost, or its agent was restarted.

    Args:
        lease: The attempt's lease so far.
        machine: Id of the machine that claims it.
        session: Its agent process.
        token: A new secret, for a new lease.
        now: Unix time.

    Raises:
        Refused: Another machine has or had it.
    """
    if lease is None:
        return Lease(machine=machine, session=session, token=token, granted_at=now)
    if lease.held and lease.machine == machine:
        return msgspec.structs.replace(lease, session=session)
    if lease.held:
        raise Refused(f"machine {lease.machine} has it")
    raise Refused(f"its attempt is over: {lease.why or lease.state}")


def check(lease: Lease | None, token: str) -> Lease:
    """Return a lease if a token is that of its holder.

    Raises:
        Refused: The lease has ended, or is another machine's.
    """
    if lease is None or lease.token != token:
        raise Refused("no lease of this machine")
    if not lease.held:
        raise Refused(f"the lease has ended: {lease.why or lease.state}")
    return lease


def end(lease: Lease, state: str, why: str, now: float) -> Lease:
    """Return a lease that has ended; one that had ended before stays as it is.

    Args:
        lease: The lease.
        state: ``released``, ``refused``, ``failed`` or ``expired``.
        why: In words.
        now: Unix time.
    """
    if not lease.held:
        return lease
    return msgspec.structs.replace(lease, state=state, why=why, ended_at=now)


def expired(renewed_at: float, now: float, lease_s: float) -> bool:
    """Return whether a lease that was renewed at one time has expired at another (monotonic seconds)."""
    return now - renewed_at >= lease_s
