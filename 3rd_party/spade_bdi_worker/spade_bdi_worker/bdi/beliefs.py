"""AgentSpeak agents whose beliefs keep their order, so that the same seed gives the same reasoning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import agentspeak as asp
from agentspeak import runtime

PERCEPT = frozenset([asp.Literal("source", (asp.Literal("percept"),))])


class BeliefSet:
    """A set in the order in which its members came.

    A query takes the first belief that fits. The order of Python's own sets depends on hashes of text, which are others
    in each process.
    """

    def __init__(self) -> None:
        self._members: dict[Any, None] = {}

    def add(self, belief: Any) -> None:
        """Add a belief."""
        self._members[belief] = None

    def remove(self, belief: Any) -> None:
        """Remove a belief."""
        del self._members[belief]

    def __iter__(self) -> Iterator[Any]:
        return iter(tuple(self._members))

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, belief: Any) -> bool:
        return belief in self._members


class Mind(runtime.Agent):  # type: ignore[misc]
    """An AgentSpeak interpreter with ordered beliefs."""

    def __init__(self, env: Any, name: str, beliefs: Any = None, rules: Any = None, plans: Any = None) -> None:
        super().__init__(env, name, defaultdict(BeliefSet) if beliefs is None else beliefs, rules, plans)
        self._perceived: dict[str, Any] = {}

    def perceive(self, functor: str, *values: Any) -> None:
        """Believe something of the world, in place of what was believed of it before.

        Plans for its change are run as for any other belief. Nothing happens if it is believed already.

        Args:
            functor: Of what.
            values: Numbers, Python's booleans (AgentSpeak's ``true`` is one), or terms.
        """
        before = self._perceived.get(functor)
        # 1 == True, and they are different terms.
        if before is not None and before.args == values and [*map(type, before.args)] == [*map(type, values)]:
            return
        if before is not None:
            self.call(asp.Trigger.removal, asp.GoalType.belief, before, runtime.Intention(), delayed=True)
        term = self._perceived[functor] = asp.Literal(functor, values, PERCEPT)
        self.call(asp.Trigger.addition, asp.GoalType.belief, term, runtime.Intention(), delayed=True)

    def believed(self) -> Iterator[Any]:
        """Yield every belief."""
        for beliefs in self.beliefs.values():
            yield from beliefs

    def has_work(self) -> bool:
        """Return whether an intention can go on now."""
        return any(stack and stack[-1].waiter is None for stack in self.intentions)
