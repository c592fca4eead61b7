"""Episodes that each have a seed of their own, so that one can be played again by itself."""

from __future__ import annotations

import hashlib
from typing import Any

import gymnasium as gym


def episode_seed(seed: int, phase: str, stream: int, number: int) -> int:
    """Return the seed of an episode.

    Args:
        seed: The run's seed.
        phase: ``train`` or ``eval``: the two share no episode.
        stream: Which of the environments side by side.
        number: Number of the episode in that environment.
    """
    digest = hashlib.sha256(f"{seed}:{phase}:{stream}:{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1


class SeededEpisodes(gym.Wrapper[Any, Any, Any, Any]):
    """Resets an environment with the seed of the episode that begins.

    Args:
        env: The environment.
        seed: The run's seed.
        phase: ``train`` or ``eval``.
        stream: Which of the environments side by side this is.
        first: Number of its first episode.
    """

    def __init__(self, env: Any, seed: int, phase: str, stream: int, first: int = 0) -> None:
        super().__init__(env)
        self._seed, self._phase, self._stream, self._number = seed, phase, stream, first

    def reset(
        self,
        *,
        seed: int | None = None,  # noqa: ARG002 - Gymnasium's signature
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Begin the next episode; a seed that is given from outside is not used."""
        own = episode_seed(self._seed, self._phase, self._stream, self._number)
        self._number += 1
        result: tuple[Any, dict[str, Any]] = self.env.reset(seed=own, options=options)
        return result
