"""Who may ask what of the web server: tokens with roles, checks of host and origin, limits.

The pages themselves hold no data and are given to anyone who reaches the server; every call of the interface needs a
token, as a cookie or in the header ``Authorization: Bearer TOKEN``.
"""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from http.cookies import CookieError, SimpleCookie

#: Bytes of a request's body at most.
MAX_BODY = 4 << 20
#: Requests per second of one client, on average, and at once.
RATE, BURST = 100.0, 400.0
#: The same for calls of programs that claim runs: several may share an address, each with 50 messages a second.
PROGRAM_RATE, PROGRAM_BURST = 5000.0, 20_000.0
#: Wrong tokens per second of one client, on average, and at once.
FAILED_RATE, FAILED_BURST = 5.0, 20.0
_MOST_CLIENTS = 10_000


class Role(IntEnum):
    """What a token allows; each role allows all that the ones before it do."""

    READ = 1
    """Look at everything."""
    RUN = 2
    """Submit, cancel, pause and annotate runs: start programs as the server's user."""
    ADMIN = 3
    """Delete runs, install workers, stop the daemon."""


@dataclass(frozen=True)
class Holder:
    """The user or program with a token.

    Args:
        name: Recorded with what is submitted.
        role: What the token allows.
    """

    name: str
    role: Role


@dataclass(frozen=True)
class Token:
    """What is kept of a token, and its holder.

    Args:
        sha256: Its hash, in hexadecimal.
        holder: Its holder.
    """

    sha256: str
    holder: Holder

    @classmethod
    def of(cls, secret: str, holder: Holder) -> Token:
        """Return what is kept of a token."""
        return cls(hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest(), holder)


class Access:
    """Checks requests.

    Args:
        tokens: All tokens.
        hosts: Values of the header ``Host`` under which the server is reached, such as ``127.0.0.1:8080``.
        secure: Whether it is reached by TLS alone.
        open_to_programs: Whether programs may claim runs without a token.
    """

    def __init__(
        self, tokens: Sequence[Token], hosts: Iterable[str], *, secure: bool, open_to_programs: bool = False
    ) -> None:
        self._tokens = tokens
        self._hosts = frozenset(host.lower() for host in hosts)
        self.secure = secure
        self.open_to_programs = open_to_programs
        self.cookie = "mosaic_token_" + "".join(
            char if char.isalnum() else "_" for char in min(self._hosts, default="")
        )
        """Name of the cookie; cookies are shared by all ports of a host."""
        self._requests = _Buckets(RATE, BURST)
        self._program_requests = _Buckets(PROGRAM_RATE, PROGRAM_BURST)
        self._failures = _Buckets(FAILED_RATE, FAILED_BURST)

    def holder_of(self, secret: str) -> Holder | None:
        """Return the holder of a token, ``None`` if there is none; an empty one is always refused."""
        if not secret:
            return None
        given = hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
        found = None
        for token in self._tokens:  # all of them: the time says nothing about which one is nearly right
            if hmac.compare_digest(token.sha256, given):
                found = token.holder
        return found

    def holders(self) -> list[Holder]:
        """Return the holders of all tokens."""
        return [token.holder for token in self._tokens]

    def authenticate(self, cookies: str, authorization: str) -> Holder | None:
        """Return who sends a request, ``None`` if it has no valid token.

        Args:
            cookies: The header ``Cookie``.
            authorization: The header ``Authorization``.
        """
        scheme, _, secret = authorization.partition(" ")
        if scheme.lower() == "bearer" and secret:
            return self.holder_of(secret.strip())
        try:
            morsel = SimpleCookie(cookies).get(self.cookie)
        except CookieError:
            return None
        return None if morsel is None else self.holder_of(morsel.value)

    def is_known_host(self, host: str) -> bool:
        """Return whether a request names the server as it is called: others come by DNS rebinding."""
        return host.lower() in self._hosts

    def is_own_origin(self, origin: str) -> bool:
        """Return whether a request comes from a page of this server."""
        scheme, _, host = origin.partition("://")
        return scheme == ("https" if self.secure else "http") and host.lower() in self._hosts

    def allows(self, client: str, now: float | None = None) -> bool:
        """Count a request of a client; return whether it is within the limit.

        Args:
            client: Tells clients apart.
            now: Seconds of a monotonic clock.
        """
        return self._requests.take(client, time.monotonic() if now is None else now)

    def allows_program(self, client: str, now: float | None = None) -> bool:
        """Count a request of a program that claims runs; return whether it is within the limit of these.

        Args:
            client: Tells clients apart.
            now: Seconds of a monotonic clock.
        """
        return self._program_requests.take(client, time.monotonic() if now is None else now)

    def may_try(self, client: str, now: float | None = None) -> bool:
        """Return whether a token of a client may be checked: not after too many wrong ones.

        Right ones are refused as well then: otherwise guessing would be as quick as without the limit.

        Args:
            client: Tells clients apart.
            now: Seconds of a monotonic clock.
        """
        return self._failures.left(client, time.monotonic() if now is None else now) >= 1.0

    def count_failure(self, client: str, now: float | None = None) -> None:
        """Count a wrong token of a client.

        Args:
            client: Tells clients apart.
            now: Seconds of a monotonic clock.
        """
        self._failures.take(client, time.monotonic() if now is None else now)


class _Buckets:
    """A token bucket for each client; those that were not seen for longest are forgotten.

    Args:
        rate: How often per second a client may do something, on average.
        burst: How often at once.
    """

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def left(self, client: str, now: float) -> float:
        """Return how often a client may do it at once."""
        level, at = self._levels.get(client, (self._burst, now))
        return min(self._burst, level + (now - at) * self._rate)

    def take(self, client: str, now: float) -> bool:
        """Return whether a client may do it now, and count it if so."""
        level = self.left(client, now)
        allowed = level >= 1.0
        self._levels[client] = (level - 1.0 if allowed else level, now)
        self._levels.move_to_end(client)
        while len(self._levels) > _MOST_CLIENTS:
            self._levels.popitem(last=False)
        return allowed
