"""Tabular Q-learning.

C. J. C. H. Watkins, P. Dayan: Q-learning. Machine Learning 8, 279-292 (1992), https://doi.org/10.1007/BF00992698.
"""

from __future__ import annotations

from random import Random
from typing import Any


class QTable:
    """What each action is worth in each state that was seen.

    Args:
        actions: How many actions there are.
        initial_value: What an action is thought to be worth before it was tried.
    """

    def __init__(self, actions: int, initial_value: float = 0.0) -> None:
        self.actions, self.initial_value = actions, initial_value
        self._rows: dict[int, list[float]] = {}

    def __len__(self) -> int:
        return len(self._rows)

    def row(self, state: int) -> list[float]:
        """Return the values of a state's actions."""
        row = self._rows.get(state)
        if row is None:
            row = self._rows[state] = [self.initial_value] * self.actions
        return row

    def best(self, state: int, rng: Random) -> int:
        """Return an action of the highest value; of several, a random one."""
        row = self._rows.get(state)
        if row is None:
            return int(rng.random() * self.actions)
        top = max(row)
        if row.count(top) == 1:
            return row.index(top)
        ties = [action for action, value in enumerate(row) if value == top]
        return ties[int(rng.random() * len(ties))]

    def first_best(self, state: int) -> int:
        """Return the first action of the highest value."""
        row = self._rows.get(state)
        return row.index(max(row)) if row else 0

    def learn(
        self,
        state: int,
        action: int,
        reward: float,
        after: int,
        *,
        terminated: bool,
        learning_rate: float,
        gamma: float,
    ) -> float:
        """Move one value towards the reward and what may follow it.

        Args:
            state: Where the action was taken.
            action: The action.
            reward: What it brought.
            after: Where it led.
            terminated: Whether nothing can follow. An episode that was cut off goes on in its value.
            learning_rate: How far to move.
            gamma: Discount of what follows.

        Returns:
            The error of the old value.
        """
        row = self.row(state)
        target = reward if terminated else reward + gamma * max(self.row(after))
        error = target - row[action]
        row[action] += learning_rate * error
        return error

    def state_dict(self) -> dict[str, Any]:
        """Return the table as a JSON-ready dict."""
        rows = {str(state): row for state, row in sorted(self._rows.items())}
        return {"actions": self.actions, "initial_value": self.initial_value, "rows": rows}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a saved table's values.

        Raises:
            ValueError: It has another number of actions.
        """
        if state["actions"] != self.actions:
            raise ValueError(f"the table has {state['actions']} actions, the environment {self.actions}")
        self.initial_value = float(state["initial_value"])
        self._rows = {int(index): [float(value) for value in row] for index, row in state["rows"].items()}
        if any(len(row) != self.actions for row in self._rows.values()):
            raise ValueError("a row of the table has another number of actions")


def linear_schedule(start: float, end: float, duration: float, step: int) -> float:
    """Return a value on its way from ``start`` to ``end``, at which it stays after ``duration`` steps."""
    return end if step >= duration else start + (end - start) * step / duration
