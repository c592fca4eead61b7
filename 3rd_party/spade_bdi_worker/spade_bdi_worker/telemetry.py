"""Steps, episodes, minds and messages as telemetry. Needs neither SPADE nor AgentSpeak."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

#: Recent messages that the summary of a run tells, at most.
KEPT_MESSAGES = 20


@dataclass(slots=True)
class StepRecord:
    """One step of one agent."""

    step_index: int
    ep_index: int
    agent_id: str
    reward: float
    terminated: bool
    truncated: bool
    action: int
    worker_id: str | None = None
    observation: Any = None
    extra: dict[str, Any] = field(default_factory=dict)

    def emit(self, emitter: Any) -> None:
        """Put it out. The emitter adds run and worker."""
        emitter.step(
            self.step_index,
            ep_index=self.ep_index,
            agent_id=self.agent_id,
            reward=self.reward,
            terminated=self.terminated,
            truncated=self.truncated,
            action=self.action,
            observation=self.observation,
            **self.extra,
        )


@dataclass(slots=True)
class EpisodeRollup:
    """One ended episode, and who played it."""

    ep_index: int
    agent_id: str
    total_reward: float
    steps: int
    seed: int
    phase: str
    terminated: bool
    truncated: bool
    worker_id: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def emit(self, emitter: Any) -> None:
        """Put it out. The emitter adds run and worker.

        Episodes are the environment's, not an agent's: with an ``agent_id`` a run's figures would be one agent's alone.
        """
        emitter.episode(
            self.ep_index,
            agent_rewards={self.agent_id: self.total_reward},
            total_reward=self.total_reward,
            steps=self.steps,
            seed=self.seed,
            phase=self.phase,
            terminated=self.terminated,
            truncated=self.truncated,
            **self.extra,
        )


class Names:
    """Agents' addresses and their names. Addresses hold what differs from run to run, so telemetry tells names."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None

    def add(self, address: str, name: str) -> None:
        """Make an address known."""
        self._names[address] = name
        longest_first = sorted(self._names, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first)))

    def of(self, address: str) -> str | None:
        """Return the name of an address, with or without its resource; ``None`` for a stranger's."""
        return self._names.get(address) or self._names.get(address.partition("/")[0])

    def shorten(self, text: str) -> str:
        """Return a text with names in place of addresses."""
        return self._pattern.sub(lambda found: self._names[found[0]], text) if self._pattern else text


def show_beliefs(beliefs: Iterable[Any], names: Names) -> list[str]:
    """Return beliefs as AgentSpeak writes them, sorted, without the tag of what was perceived."""
    texts = (names.shorten(str(belief)).replace("[source(percept)]", "") for belief in beliefs)
    return sorted(_LITERALS.sub(lambda found: found[0].lower(), text) for text in texts)


#: Python writes booleans in another way.
_LITERALS = re.compile(r"\b(?:True|False)\b")


def show_intentions(stacks: Iterable[Iterable[Any]], names: Names) -> list[str]:
    """Return intentions, each as the goals that it is made of, outermost first: ``!play(0, 50) > !act``."""
    return [
        names.shorten(" > ".join(show_goal(intention.head_term) for intention in stack)) for stack in stacks if stack
    ]


def show_goal(term: Any) -> str:
    """Return what an intention is for, without where it came from."""
    return f"!{str(term).partition('[')[0]}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message between two agents."""

    sender: str
    receiver: str
    performative: str
    content: str

    def to_dict(self) -> dict[str, str]:
        """Return it as it is put out."""
        return {
            "from": self.sender,
            "to": self.receiver,
            "performative": self.performative,
            "content": self.content,
        }


class MessageLog:
    """Messages that were sent: each is told once, by the next step or episode that is put out."""

    def __init__(self) -> None:
        self.sent = self.received = self.refused = 0
        self._unreported: list[Message] = []
        self.recent: deque[Message] = deque(maxlen=KEPT_MESSAGES)

    def add(self, message: Message) -> None:
        """Take note of a message as it is sent."""
        self.sent += 1
        self._unreported.append(message)
        self.recent.append(message)

    def take(self) -> list[dict[str, str]]:
        """Return the messages that were not reported yet."""
        if not self._unreported:
            return []
        reported, self._unreported = self._unreported, []
        return [message.to_dict() for message in reported]

    def counts(self) -> Mapping[str, float]:
        """Return how many there were, as metrics."""
        return {"bdi/messages_sent": float(self.sent), "bdi/messages_received": float(self.received)}
