"""The agents of a run: a coordinator and its learners."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import agentspeak as asp
from agentspeak import lexer, parser
from slixmpp.stanza.stream_error import StreamError
from spade_bdi.bdi import BDIAgent
from spade_bdi.bdi_behaviour import BDIBehaviour

from ..sdk import UsageError
from ..telemetry import show_beliefs, show_intentions
from .actions import add_coordinator_actions, add_learner_actions
from .beliefs import Mind
from .interfaces import Session
from .reasoning import Reasoning

if TYPE_CHECKING:
    from spade.message import Message

    from ..learner import Learner

PLANS = Path(__file__).parent.parent / "plans"


class OverXmpp:
    """Sends every message through the XMPP server, where SPADE's own container hands it over within the process."""

    async def send(self, message: Message, behaviour: Any) -> None:
        """Send a message."""
        await behaviour._xmpp_send(msg=message)

    def unregister(self, jid: str) -> None:
        """Nothing is kept."""


class MosaicAgent(BDIAgent):  # type: ignore[misc]
    """An AgentSpeak agent of a session.

    Args:
        session: Where it lives.
        short_name: What telemetry calls it.
        asl: File of its plans.
        login: Its account: ``jid``, ``password``, ``port``, ``verify_security``.
        host: The server's host, where it is not the account's domain.
    """

    jid: Any

    def __init__(self, session: Session, short_name: str, asl: Path, login: dict[str, Any], host: str | None) -> None:
        self.session, self.short_name, self._host = session, short_name, host
        #: Why the server's host could not be reached, of the last try to log in.
        self.unreachable = ""
        #: What the server said then that is not XMPP.
        self.nonsense = ""
        super().__init__(asl=str(asl), **login)
        self.set_container(OverXmpp())

    @property
    def mind(self) -> Mind:
        """Its interpreter."""
        mind: Mind = self.bdi_agent
        return mind

    def show_mind(self) -> dict[str, Any]:
        """Return its beliefs and intentions as telemetry tells them."""
        names = self.session.names
        return {
            "beliefs": show_beliefs(self.mind.believed(), names),
            "intentions": show_intentions(self.mind.intentions, names),
        }

    def add_behaviour(self, behaviour: Any, template: Any = None) -> None:
        """Add a behaviour; SPADE-BDI's reasoning in the form that trains."""
        super().add_behaviour(Reasoning() if type(behaviour) is BDIBehaviour else behaviour, template)

    def _load_asl(self) -> None:
        path = Path(self.asl_file)
        try:
            with path.open(encoding="utf-8") as source:
                self.bdi_agent = self.bdi_env.build_agent(
                    source, self.bdi_actions, agent_cls=Mind, name=self.short_name
                )
        except (OSError, UnicodeDecodeError, asp.AslError, asp.AggregatedError) as error:
            check_plans(path)
            raise unreadable_plans(path, error) from error
        self.bdi_enabled = True

    async def _async_connect(self) -> None:
        def note(error: Any) -> None:
            self.unreachable = str(error)

        self.client.add_event_handler("connection_failed", note)
        self._note_nonsense()
        if self._host is not None:
            connect = self.client.connect
            self.client.connect = lambda **asked: connect(**{**asked, "host": self._host})
        await super()._async_connect()
        if self.jid.resource:  # of several agents with one account; a server may choose another than the one asked for
            self.jid = self.client.boundjid
        self.session.names.add(str(self.jid), self.short_name)

    def _note_nonsense(self) -> None:
        """Keep what the server says that cannot be read, of which SPADE tells no more than that the login failed."""
        send, receive = self.client.send, self.client.data_received
        last = b""

        def received(data: bytes) -> None:
            nonlocal last
            last = data
            receive(data)

        def sent(data: Any, *arguments: Any, **more: Any) -> None:
            if isinstance(data, StreamError) and data["condition"] == "not-well-formed":
                self.nonsense = self.nonsense or " ".join(last.decode("utf-8", "replace").split())[:80]
            send(data, *arguments, **more)

        self.client.send, self.client.data_received = sent, received


def unreadable_plans(path: Path, error: Exception) -> UsageError:
    """Return what is wrong with a file of plans, as an error."""
    return UsageError(
        "The plans cannot be read.",
        where=str(path),
        why=str(error)[:2000] or type(error).__name__,
        next_step="Fix the AgentSpeak file; the package's own plans show what a learner and a coordinator must do.",
    )


class LearnerAgent(MosaicAgent):
    """Plays episodes for its goals, by its plans."""

    def __init__(self, session: Session, learner: Learner, **more: Any) -> None:
        self.learner = learner
        super().__init__(session, learner.name, **more)
        learner.mind = self.show_mind
        self.mind.perceive("over", True)

    def add_custom_actions(self, actions: Any) -> None:
        """Give its plans their actions."""
        add_learner_actions(actions, self.learner, self.session.training)


class CoordinatorAgent(MosaicAgent):
    """Hands the run's episodes out, by its plans."""

    def __init__(self, session: Session, learners: list[LearnerAgent], **more: Any) -> None:
        self._addresses = [str(agent.jid) for agent in learners]
        super().__init__(session, "coordinator", **more)
        self.mind.perceive("learners", tuple(asp.Literal(address) for address in self._addresses))

    def add_custom_actions(self, actions: Any) -> None:
        """Give its plans their actions."""
        session = self.session
        add_coordinator_actions(actions, session.training, self._addresses, session.finish)


def check_plans(path: Path) -> None:
    """See that a file holds AgentSpeak.

    Raises:
        UsageError: It does not; with what is wrong in it.
    """
    faults = _Faults()
    logger = asp.get_logger(f"{__name__}.check")
    logger.addHandler(faults)
    log = asp.Log(logger, 3)
    try:
        with path.open(encoding="utf-8") as source:
            parser.parse(str(path), lexer.TokenStream(source, log), log)
        log.throw()
    except (OSError, UnicodeDecodeError, asp.AslError, asp.AggregatedError) as error:
        raise unreadable_plans(path, ValueError("; ".join(faults.messages)) if faults.messages else error) from error
    finally:
        logger.removeHandler(faults)


class _Faults(logging.Handler):
    """Keeps what the parser says of a file."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of a fault and its place."""
        place = getattr(record, "loc", None)
        line = getattr(place, "lineno", None)
        self.messages.append(f"line {line}: {record.getMessage()}" if line else record.getMessage())
