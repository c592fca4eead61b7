"""An agent's reasoning cycle: takes messages in, runs intentions, sleeps while there is nothing to do."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import agentspeak as asp
from spade.message import Message as SpadeMessage
from spade_bdi.bdi_behaviour import BDIBehaviour

from ..telemetry import Message
from .interfaces import ReasoningAgent

#: How long an agent may reason before others, and the XMPP connections, get their turn, in seconds.
SLICE_S = 0.02
_STEPS_PER_LOOK = 64


class Reasoning(BDIBehaviour):  # type: ignore[misc]
    """SPADE-BDI's behaviour, which reasons one instruction a cycle and never rests, in the form that trains.

    Faults of plans end the run instead of silencing the agent. Messages of strangers are refused.
    """

    agent: ReasoningAgent

    def __init__(self) -> None:
        super().__init__()
        self._arrived: asyncio.Event | None = None

    async def on_start(self) -> None:
        """Begin."""
        self._arrived = asyncio.Event()
        if self.mailbox_size():
            self._arrived.set()

    async def enqueue(self, message: SpadeMessage) -> None:
        """Take a message in, unless it comes from outside the run."""
        session = self.agent.session
        if session.names.of(str(message.sender)) is None:
            session.training.messages.refused += 1
            return
        session.training.messages.received += 1
        self.queue.put_nowait(message)
        if self._arrived is not None:
            self._arrived.set()

    def add_actions(self) -> None:
        """Give plans ``.send``, which tells telemetry of each message."""
        session = self.agent.session

        @self.agent.bdi_actions.add(".send", 3)  # type: ignore[untyped-decorator]
        def _send(_mind: Any, term: Any, intention: Any) -> Any:
            receivers = asp.grounded(term.args[0], intention.scope)
            if isinstance(receivers, (str, asp.Literal)):
                receivers = (receivers,)
            performative = asp.grounded(term.args[1], intention.scope)
            if not asp.is_atom(performative):
                return
            body = asp.asl_str(asp.freeze(term.args[2], intention.scope, {}))
            for receiver in map(str, receivers):
                name = session.names.of(receiver) or receiver
                content = session.names.shorten(body)
                session.training.messages.add(Message(self.agent.short_name, name, performative.functor, content))
                metadata = {"performative": "BDI", "ilf_type": performative.functor}
                session.watch(self.send(SpadeMessage(to=receiver, body=body, metadata=metadata)))
            yield

    async def run(self) -> None:
        """Take one message in and reason until there is nothing to do, or the slice is over."""
        session, mind = self.agent.session, self.agent.bdi_agent
        try:
            if session.stop.requested or session.ended:
                await self._rest()
                return
            if self.mailbox_size() or self.agent.bdi_intention_buffer:
                await super().run()
            if self._reason(mind):
                return
        except Exception as error:  # noqa: BLE001 - whatever a plan or an action raises ends the run
            session.fail(error, self.agent.short_name)
        if not self.mailbox_size():
            await self._rest()

    def kill(self, exit_code: Any = None) -> None:
        """End."""
        super().kill(exit_code)
        if self._arrived is not None:
            self._arrived.set()

    def _reason(self, mind: Any) -> bool:
        """Run intentions for a slice; return whether more could be done."""
        session, step = self.agent.session, mind.step
        until, done = time.perf_counter() + SLICE_S, 0
        try:
            while step():
                done += 1
                if done % _STEPS_PER_LOOK == 0 and time.perf_counter() > until:
                    return True
                if session.stop.requested or session.ended:
                    return False
            return False
        finally:
            session.training.reasoning_steps += done
            if done:
                session.last_life = time.monotonic()

    async def _rest(self) -> None:
        """Sleep until a message comes, or until an intention has waited long enough."""
        assert self._arrived is not None
        self._arrived.clear()
        if self.is_killed() or self.mailbox_size():
            return
        mind = self.agent.bdi_agent
        deadline = mind.shortest_deadline()
        pause = None if deadline is None else max(0.0, deadline - mind.env.time()) + 0.001
        try:
            await asyncio.wait_for(self._arrived.wait(), pause)
        except asyncio.TimeoutError:
            return
