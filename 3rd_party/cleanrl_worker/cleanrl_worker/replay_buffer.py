"""The last transitions of a training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch


class ReplayBuffer:
    """The last transitions, the oldest overwritten first.

    Args:
        size: How many.
        obs_dim: Numbers of an observation.
        action_dim: Numbers of a continuous action; ``None`` for discrete ones.
    """

    def __init__(self, size: int, obs_dim: int, action_dim: int | None = None) -> None:
        self.obs = np.zeros((size, obs_dim), dtype=np.float32)
        self.next_obs = np.zeros((size, obs_dim), dtype=np.float32)
        self.actions = np.zeros(size, np.int64) if action_dim is None else np.zeros((size, action_dim), np.float32)
        self.rewards = np.zeros(size, dtype=np.float32)
        self.terminations = np.zeros(size, dtype=np.float32)
        self.size, self.added = size, 0

    def __len__(self) -> int:
        return min(self.added, self.size)

    def add(self, *columns: np.ndarray) -> None:
        """Take in transitions: obs, next_obs, actions, rewards, terminations, one row per environment."""
        rows = (self.added + np.arange(len(columns[0]))) % self.size
        for column, values in zip(self._columns(), columns, strict=True):
            column[rows] = values
        self.added += len(rows)

    def sample(self, count: int, rng: np.random.Generator) -> list[np.ndarray]:
        """Return ``count`` transitions drawn uniformly with replacement."""
        rows = rng.integers(0, len(self), count)
        return [column[rows] for column in self._columns()]

    def _columns(self) -> tuple[np.ndarray, ...]:
        return self.obs, self.next_obs, self.actions, self.rewards, self.terminations

    def state_dict(self) -> dict[str, Any]:
        """Return the transitions held, as tensors."""
        held = [torch.from_numpy(column[: len(self)].copy()) for column in self._columns()]
        return {"added": self.added, "size": self.size, "columns": held}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over another buffer's transitions; one of another size hands over its newest."""
        size, added = state["size"], state["added"]
        held = min(size, added)
        order = [(added - held + i) % size for i in range(held)][-self.size :]
        self.added = added if size == self.size else len(order)
        rows = order if size == self.size else range(len(order))
        for column, values in zip(self._columns(), state["columns"], strict=True):
            column[np.asarray(rows, dtype=np.int64)] = values.cpu().numpy()[np.asarray(order, dtype=np.int64)]
