"""What the parts of a session need of each other."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol

from ..stop import StopRequest
from ..telemetry import Names
from ..training import Training


class Session(Protocol):
    """The agents' life together, as one agent sees it."""

    training: Training
    stop: StopRequest
    names: Names
    ended: bool
    last_life: float

    def finish(self) -> None: ...
    def fail(self, error: Exception, agent: str) -> None: ...
    def watch(self, coroutine: Coroutine[Any, Any, Any]) -> None: ...


class Agent(Protocol):
    """An agent, as the code that logs it in sees it."""

    short_name: str
    unreachable: str
    nonsense: str
    client: Any
    behaviours: list[Any]

    def start(self, auto_register: bool = ...) -> Any: ...
    def stop(self) -> Any: ...


class ReasoningAgent(Agent, Protocol):
    """An agent, as its reasoning cycle sees it."""

    session: Session
    bdi_agent: Any
    bdi_actions: Any
    bdi_intention_buffer: Any
