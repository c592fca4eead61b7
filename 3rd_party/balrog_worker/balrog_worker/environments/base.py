"""What an environment of this worker is: observations as text, actions by name, progression from 0 to 1."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, NamedTuple


class Seen(NamedTuple):
    """What a step led to."""

    text: str
    reward: float = 0.0
    terminated: bool = False
    truncated: bool = False


class TextEnvironment(ABC):
    """An environment in text.

    Attributes:
        instruction: Rules, for the system prompt.
        actions: Legal actions now.
        actions_change: They differ from step to step.
        has_oracle: :meth:`oracle` knows good actions.
        has_images: :meth:`image` returns pictures.
    """

    instruction: str = ""
    actions: tuple[str, ...] = ()
    actions_change = False
    has_oracle = False
    has_images = False

    @property
    @abstractmethod
    def progression(self) -> float:
        """Share of the task that was achieved in this episode, from 0 to 1."""

    @abstractmethod
    def reset(self, seed: int) -> Seen:
        """Begin an episode.

        Args:
            seed: Of everything random in it.
        """

    @abstractmethod
    def step(self, action: str) -> Seen:
        """Take a step.

        Args:
            action: One of :attr:`actions`.
        """

    @property
    def fallback(self) -> str:
        """The action that is taken where a reply has none."""
        return self.actions[0]

    def oracle(self) -> str:
        """Return a good action.

        Raises:
            NotImplementedError: There is no oracle.
        """
        raise NotImplementedError

    def image(self) -> Any:
        """Return a picture ``[height, width, 3]`` of unsigned bytes.

        Raises:
            NotImplementedError: There are none.
        """
        raise NotImplementedError

    def close(self) -> None:  # noqa: B027 - not every environment has something to free
        """Free what it has."""
