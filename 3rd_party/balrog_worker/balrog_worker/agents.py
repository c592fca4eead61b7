"""Who acts: a language model, chance, or the environment's oracle."""

from __future__ import annotations

import base64
import io
import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .client import ModelClient
from .config import BalrogWorkerConfig
from .environments import TextEnvironment
from .errors import EndpointError
from .prompts import Message, Turn, action_schema, build_prompt, system_prompt, user_prompt
from .replies import find_action
from .spending import Spending

#: Steps of a demonstration at most.
MAX_DEMONSTRATION = 64


@dataclass
class Decision:
    """What an agent decided.

    Args:
        action: A legal action.
        extra: What else is known, for the step's event.
        prompt: The messages of the request.
        reply: The model's reply.
    """

    action: str
    extra: dict[str, Any] = field(default_factory=dict)
    prompt: list[Message] = field(default_factory=list)
    reply: str | None = None


class Agent(ABC):
    """Chooses actions."""

    def begin(self, seed: int) -> None:  # noqa: B027 - not every agent has something to do then
        """Begin an episode.

        Args:
            seed: Of the episode.
        """

    @abstractmethod
    def act(self, observation: str, environment: TextEnvironment) -> Decision:
        """Choose an action.

        Args:
            observation: The text of the present one.
            environment: For its legal actions.
        """


class RandomAgent(Agent):
    """Draws legal actions."""

    def __init__(self) -> None:
        self._random = random.Random()

    def begin(self, seed: int) -> None:
        """Begin an episode."""
        self._random.seed(seed)

    def act(self, observation: str, environment: TextEnvironment) -> Decision:  # noqa: ARG002 - as the others
        """Draw an action."""
        return Decision(self._random.choice(environment.actions))


class OracleAgent(Agent):
    """Does what the environment's oracle says."""

    def act(self, observation: str, environment: TextEnvironment) -> Decision:  # noqa: ARG002 - as the others
        """Ask the oracle."""
        return Decision(environment.oracle())


class ModelAgent(Agent):
    """Asks a language model.

    Args:
        config: Which prompts.
        client: Asks the model.
        spending: Counts replies without a legal action.
        demonstrations: Whole episodes that show how.
    """

    def __init__(
        self,
        config: BalrogWorkerConfig,
        client: ModelClient,
        spending: Spending,
        demonstrations: Sequence[Sequence[Turn]] = (),
    ) -> None:
        self._config, self._client, self._spending, self._demonstrations = config, client, spending, demonstrations
        self._reasons = config.agent == "chain_of_thought"
        self._history: list[Turn] = []
        self._invalid_in_a_row = 0

    def begin(self, seed: int) -> None:  # noqa: ARG002 - as the others
        """Begin an episode: without the steps of the one before."""
        self._history = []

    def act(self, observation: str, environment: TextEnvironment) -> Decision:
        """Ask for an action.

        Raises:
            EndpointError: There is no reply, or none of many has a legal action.
        """
        config, actions = self._config, environment.actions
        listed = actions if environment.actions_change else ()
        present = user_prompt(observation, listed)
        prompt = build_prompt(
            system_prompt(
                environment.instruction,
                () if environment.actions_change else actions,
                reasons=self._reasons,
                reply_format=config.reply_format,
            ),
            self._demonstrations,
            self._history[-config.history :] if config.history else [],
            present,
            reasons=self._reasons,
            reply_format=config.reply_format,
            image_url=_picture_url(environment.image()) if config.images else None,
        )
        schema = action_schema(actions, reasons=self._reasons) if config.reply_format == "json_schema" else None
        reply = self._client.ask(prompt, schema)
        found = find_action(reply.text, actions)
        self._judge(found, reply.text)
        action = found if found is not None else environment.fallback
        self._history.append(Turn(present, action))
        extra: dict[str, Any] = {
            "latency_s": round(reply.latency_s, 4),
            "tokens_in": reply.tokens_in,
            "tokens_out": reply.tokens_out,
        }
        if reply.estimated:
            extra["tokens_estimated"] = True
        if found is None:
            extra["invalid_reply"] = True
        if reply.retries:
            extra["retries"] = reply.retries
        return Decision(action, extra, prompt, reply.text)

    def _judge(self, action: str | None, reply: str) -> None:
        """Count replies without a legal action, and end the run after too many in a row."""
        if action is not None:
            self._invalid_in_a_row = 0
            return
        self._spending.invalid += 1
        self._invalid_in_a_row += 1
        if self._config.invalid_in_a_row and self._invalid_in_a_row >= self._config.invalid_in_a_row:
            raise EndpointError(
                f"{self._invalid_in_a_row} replies in a row had no legal action.",
                self._config,
                why=f"the last one was: {reply[:300]!r}",
                next_step="Set reply_format=json_schema, choose another agent or model, or raise invalid_in_a_row.",
                kind="no_action",
            )


def demonstrate(environment: TextEnvironment, seed: int) -> list[Turn]:
    """Return an episode of the environment's oracle.

    Args:
        environment: Has an oracle.
        seed: Of the episode.
    """
    seen = environment.reset(seed)
    turns: list[Turn] = []
    while not (seen.terminated or seen.truncated) and len(turns) < MAX_DEMONSTRATION:
        listed = environment.actions if environment.actions_change else ()
        turns.append(Turn(user_prompt(seen.text, listed), environment.oracle()))
        seen = environment.step(turns[-1].action)
    return turns


def _picture_url(picture: Any) -> str:
    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, format="PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode('ascii')}"
