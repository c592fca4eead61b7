"""The agents' life together: from the first login to the coordinator's ``.finish``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from spade.container import Container

from ..config import XMPP_PORT, RunConfig
from ..sdk import MosaicError, UsageError
from ..stop import StopRequest
from ..telemetry import Names
from ..training import Training
from .agents import PLANS, CoordinatorAgent, LearnerAgent, MosaicAgent
from .connection import ConnectionLostError, log_in, log_out, password_of
from .server import HOST, EmbeddedServer

_LOOK_S = 1.0


def run_session(config: RunConfig, training: Training, stop: StopRequest, logger: logging.Logger) -> None:
    """Let the agents meet until all is done, or until a request to stop comes.

    Args:
        config: Which XMPP server, which plans.
        training: What is to be done.
        stop: Requests to stop.
        logger: Told of logins that failed.

    Raises:
        MosaicError: The server cannot be reached, or plans failed.
    """
    asyncio.run(_run(config, training, stop, logger))


async def _run(config: RunConfig, training: Training, stop: StopRequest, logger: logging.Logger) -> None:
    async with contextlib.AsyncExitStack() as stack:
        port = config.xmpp_port
        if config.xmpp_jid is None:
            training.emitter.phase("starting the XMPP server")
            port = (await stack.enter_async_context(EmbeddedServer(port or 0))).port
        lost, progress = 0, training.step + training.eval_steps
        while True:
            session = Session(config, training, stop, logger, port or XMPP_PORT)
            try:
                await session.live()
                return
            except ConnectionLostError as error:
                if stop.requested:
                    training.save()
                    return
                now = training.step + training.eval_steps
                lost, progress = (1 if now > progress else lost + 1), now
                if not session.began or lost > config.xmpp_retries:
                    training.save()
                    raise
                logger.warning("%s; the agents log in again", error.what)


class Session:
    """One time that all agents are logged in.

    Args:
        config: Which XMPP server, which plans.
        training: What is to be done.
        stop: Requests to stop.
        logger: Told of logins that failed.
        port: The server's port.
    """

    def __init__(
        self, config: RunConfig, training: Training, stop: StopRequest, logger: logging.Logger, port: int
    ) -> None:
        self.training, self.stop, self.names = training, stop, Names()
        #: Whether the coordinator said that all is done.
        self.ended = False
        #: Whether all agents were logged in.
        self.began = False
        self.last_life = time.monotonic()
        self._config, self._logger, self._port = config, logger, port
        self._failure: Exception | None = None
        self._changed = asyncio.Event()
        self._agents: list[MosaicAgent] = []
        self._tasks: set[asyncio.Task[Any]] = set()

    async def live(self) -> None:
        """Log all agents in, wait until they are done, log them out."""
        loop = asyncio.get_running_loop()
        self.stop.wake = lambda: loop.call_soon_threadsafe(self._changed.set)
        Container().reset()  # it holds the event loop of its first user
        try:
            self.training.emitter.phase("logging the agents in")
            await self._unless_stopped(self._log_all_in())
            self.training.emitter.phase("")
            await self._wait()
        finally:
            self.ended = True
            await asyncio.gather(*(log_out(agent) for agent in self._agents))
            await self._cancel_tasks()
            self.stop.wake = None
        if self._failure is not None:
            raise self._failure
        if self.stop.requested:
            self.training.save()

    def finish(self) -> None:
        """Say that all is done."""
        if not self.training.exhausted:
            raise UsageError(
                "The coordinator finished while episodes were left.",
                next_step="Let its plans call .finish only where .assignment gives nothing: see coordinator.asl.",
            )
        self.ended = True
        self._changed.set()

    def fail(self, error: Exception, agent: str) -> None:
        """End the session with an error.

        Args:
            error: What was raised.
            agent: In whose plans.
        """
        if self._failure is None:
            self._failure = _explained(error, agent)
            self.ended = True
            self._changed.set()

    def watch(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine beside the agents; an error in it ends the session."""

        def done(task: asyncio.Task[Any]) -> None:
            self._tasks.discard(task)
            if not task.cancelled() and isinstance(error := task.exception(), Exception):
                self.fail(error, "sending")

        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(done)

    async def _add(self, kind: Any, role: Any) -> Any:
        config = self._config
        name = getattr(role, "name", "coordinator")
        given = config.learner_asl if kind is LearnerAgent else config.coordinator_asl
        asl = Path(given) if given else PLANS / ("learner.asl" if kind is LearnerAgent else "coordinator.asl")
        own = config.xmpp_jid is None
        resource = "-".join(filter(None, (config.run_id, self.training.worker_id, name, secrets.token_hex(3))))
        login = {
            "jid": f"{name}@{HOST}" if own else f"{config.xmpp_jid}/{resource}",
            "password": secrets.token_urlsafe(24) if own else password_of(config),
            "port": self._port,
            "verify_security": False if own else config.xmpp_verify,
        }
        agent: MosaicAgent = kind(self, role, asl=asl, login=login, host=config.xmpp_host)
        self._agents.append(agent)
        host = HOST if own else config.xmpp_host or agent.jid.host
        await log_in(
            agent,
            server=f"{host}:{self._port}",
            register=own or config.xmpp_register,
            timeout_s=config.xmpp_timeout_s,
            retries=config.xmpp_retries,
            say=self._logger.warning,
        )
        agent.client.add_event_handler("disconnected", self._lose)
        return agent

    async def _log_all_in(self) -> None:
        first, *others = self.training.learners
        # One after the other where an account may have to be made first, by the first.
        learners = [await self._add(LearnerAgent, first)]
        learners += await asyncio.gather(*(self._add(LearnerAgent, learner) for learner in others))
        await self._add(CoordinatorAgent, learners)
        self.began = True

    async def _unless_stopped(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine to its end, or until a request to stop comes."""
        task = asyncio.ensure_future(coroutine)
        while not task.done() and not self.stop.requested:
            changed = asyncio.ensure_future(self._changed.wait())
            await asyncio.wait({task, changed}, return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
        if task.done():
            task.result()
            return
        task.cancel()
        await asyncio.wait({task}, timeout=_LOOK_S)

    def _lose(self, *_: Any) -> None:
        if not self.ended:
            self.fail(ConnectionLostError("The connection to the XMPP server was lost."), "")

    async def _wait(self) -> None:
        self.last_life = time.monotonic()
        while not self.ended and not self.stop.requested:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), _LOOK_S)
            self._changed.clear()
            if self._is_idle() and time.monotonic() - self.last_life > self._config.xmpp_timeout_s:
                self.fail(self._stalled(), "")

    def _is_idle(self) -> bool:
        return not any(
            agent.mind.has_work() or agent.mind.shortest_deadline() or agent.bdi.mailbox_size()
            for agent in self._agents
        )

    def _stalled(self) -> MosaicError:
        last = self.training.messages.recent
        said = f"the last message was {last[-1].to_dict()}" if last else "no message was sent"
        return MosaicError(
            f"No agent has had anything to do for {self._config.xmpp_timeout_s:g} s, and episodes are left.",
            why=f"{said}; either it was lost, or plans forget to report or to hand out the next goal",
            next_step="Look at the plans, or raise xmpp_timeout_s for a slow server.",
        )

    async def _cancel_tasks(self) -> None:
        """Let what the agents began come to its end."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.sleep(0)


def _explained(error: Exception, agent: str) -> Exception:
    """Return an error of plans as one that says what to do; AgentSpeak wraps what its actions raise."""
    cause: BaseException = error
    while not isinstance(cause, MosaicError):
        inner = cause.__cause__ or cause.__context__
        if inner is None:
            return UsageError(
                f"The plans of {agent} failed.",
                why=f"{type(cause).__name__}: {cause}"[:2000],
                next_step="Fix the AgentSpeak file (mosaic runs logs RUN --stderr shows the place); "
                "every goal needs a plan whose context holds.",
            )
        cause = inner
    return cause
