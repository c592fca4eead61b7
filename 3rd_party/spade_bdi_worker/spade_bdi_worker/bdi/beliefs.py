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

    def discard(self, belief: Any) -> None:
        """Remove a belief, if it is there: a plan may have removed it."""
        self._members.pop(belief, None)

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
        self._watching: set[str] | None = None

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
        term = self._perceived[functor] = asp.Literal(functor, values, PERCEPT)
        if functor in self._watched() or any(stack and stack[-1].waiter for stack in self.intentions):
            if before is not None:
                self.call(asp.Trigger.removal, asp.GoalType.belief, before, runtime.Intention(), delayed=True)
            self.call(asp.Trigger.addition, asp.GoalType.belief, term, runtime.Intention(), delayed=True)
            return
        # Nothing reads the change: the same without the search for plans, in a tenth of the time.
        if before is not None:
            self.beliefs[functor, len(before.args)].discard(before)
        self.beliefs[functor, len(values)].add(term)

    def add_plan(self, plan: Any) -> None:
        """Add a plan."""
        super().add_plan(plan)
        self._watching = None

    def _watched(self) -> set[str]:
        """Return what changes of belief there are plans for."""
        if self._watching is None:
            self._watching = {functor for _, kind, functor, _ in self.plans if kind == asp.GoalType.belief}
        return self._watching

    def believed(self) -> Iterator[Any]:
        """Yield every belief."""
        for beliefs in self.beliefs.values():
            yield from beliefs

    def has_work(self) -> bool:
        """Return whether an intention can go on now."""
        return any(stack and stack[-1].waiter is None for stack in self.intentions)
