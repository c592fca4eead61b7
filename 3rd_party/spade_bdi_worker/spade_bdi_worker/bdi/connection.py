"""Logging agents in: tried again with growing pauses, and given up with the reason."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from slixmpp.exceptions import XMPPError
from spade.agent import AuthenticationFailure, DisconnectedException

from ..config import RunConfig
from ..sdk import MosaicError
from .interfaces import Agent

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 15.0
_STOP_S = 3.0


class ConnectionLostError(MosaicError):
    """The XMPP server cannot be reached, refuses, or has gone."""


def password_of(config: RunConfig) -> str:
    """Return the password of the config's account.

    Raises:
        ConnectionLostError: There is none.
    """
    password = config.xmpp_password or os.environ.get("XMPP_PASSWORD")
    if not password:
        raise ConnectionLostError(
            f"There is no password for {config.xmpp_jid}.",
            where="xmpp_password",
            next_step="Set XMPP_PASSWORD and pass it on: mosaic train spade_bdi --secret XMPP_PASSWORD",
        )
    return password


def pause_before(attempt: int) -> float:
    """Return the seconds to wait before a further attempt, from 1."""
    return float(min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (attempt - 1)))


async def log_in(
    agent: Agent,
    *,
    server: str,
    register: bool,
    timeout_s: float,
    retries: int,
    say: Callable[[str], None],
) -> None:
    """Log an agent in.

    Args:
        agent: The agent.
        server: What the server is called in an error.
        register: Whether its account may be made.
        timeout_s: How long a try may take, in seconds.
        retries: How many further tries there are.
        say: Told of tries that failed.

    Raises:
        ConnectionLostError: None of the tries succeeded.
    """
    made = False
    for attempt in range(1, retries + 2):
        agent.unreachable = agent.nonsense = ""
        try:
            await asyncio.wait_for(_try(agent, register), timeout_s)
            made = True
            return
        except (AuthenticationFailure, DisconnectedException, XMPPError, OSError, asyncio.TimeoutError) as error:
            reason = _reason(error, agent, timeout_s)
        finally:
            # Also where it seemed alive: were it left, the account's messages would arrive here and in the next one.
            if not made:
                abort(agent)
        if attempt <= retries:
            pause = pause_before(attempt)
            say(
                f"{agent.short_name} cannot log in at {server}: {reason}; "
                f"try {attempt} of {retries + 1}, the next in {pause:g} s"
            )
            await asyncio.sleep(pause)
    raise ConnectionLostError(
        f"{agent.short_name} could not log in at the XMPP server {server}.",
        why=f"{reason} ({retries + 1} {'tries' if retries else 'try'})",
        next_step="See that the server runs and takes the account; its host, port, jid and password are "
        "xmpp_host, xmpp_port, xmpp_jid and XMPP_PASSWORD.",
    )


async def _try(agent: Agent, register: bool) -> None:
    await agent.start(auto_register=register)
    # A round trip: whatever was sent before, the agent's presence among it, has been dealt with by the server.
    await agent.client.get_roster()


def abort(agent: Agent) -> None:
    """Give a connection up at once."""
    client = agent.client
    if client is not None:
        client.cancel_connection_attempt()
        client.abort()


async def log_out(agent: Agent) -> None:
    """Log an agent out, politely where that is possible."""
    try:
        await asyncio.wait_for(agent.stop(), _STOP_S)
    except Exception:  # noqa: BLE001 - it goes in any case
        abort(agent)
    for behaviour in list(agent.behaviours):
        behaviour.kill()


def _reason(error: BaseException, agent: Agent, timeout_s: float) -> str:
    if isinstance(error, AuthenticationFailure):
        return "the server refused the account or its password"
    if agent.unreachable:
        return f"it cannot be reached: {agent.unreachable}"
    if agent.nonsense:
        return f"what it answers is not XMPP: {agent.nonsense}"
    if isinstance(error, (asyncio.TimeoutError, XMPPError)):
        return f"no answer within {timeout_s:g} s"
    return str(error) or "the server closed the connection"
