"""What plans can do: the worker's own actions, beside those of AgentSpeak."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import agentspeak as asp

from ..telemetry import show_goal

if TYPE_CHECKING:
    from ..learner import Learner
    from ..training import Training

Action = Callable[[Any, Any, Any], Iterator[None]]


def add_learner_actions(actions: Any, learner: Learner, training: Training) -> None:
    """Let plans of a learner play.

    Args:
        actions: The agent's actions.
        learner: Its hands.
        training: What all learners share.
    """

    def begin(mind: Any, term: Any, intention: Any) -> Iterator[None]:
        learner.begin(_number(term, intention))
        mind.perceive("episode", learner.episode)
        mind.perceive("phase", asp.Literal(training.phase))
        perceive(mind, 0.0)
        yield

    def do(mind: Any, term: Any, intention: Any) -> Iterator[None]:
        goal = intention.head_term
        reward = learner.do(_number(term, intention), show_goal(goal) if goal is not None else "")
        perceive(mind, reward)
        yield

    def perceive(mind: Any, reward: float) -> None:
        mind.perceive("state", *learner.seen)
        mind.perceive("reward", reward)
        mind.perceive("return", learner.total)
        mind.perceive("steps", learner.length)
        mind.perceive("over", learner.over)

    def value(_: Any, term: Any, intention: Any) -> Iterator[None]:
        action = int(asp.grounded(term.args[0], intention.scope))
        if 0 <= action < learner.table.actions:
            yield from _give(term.args[1], learner.value(action), intention)

    def left(_: Any, __: Any, ___: Any) -> Iterator[None]:
        # Asked for rather than believed: what was true at the end of a goal need not be at the beginning of the next.
        if not training.exhausted:
            yield

    def summary(_: Any, term: Any, intention: Any) -> Iterator[None]:
        values = learner.summary()
        if all(
            asp.unify(part, number, intention.scope, intention.stack)
            for part, number in zip(term.args, values, strict=True)
        ):
            yield

    def giving(choose: Callable[[], Any]) -> Action:
        def give(_: Any, term: Any, intention: Any) -> Iterator[None]:
            yield from _give(term.args[0], choose(), intention)

        return give

    named: list[tuple[str, int, Action]] = [
        (".begin", 1, begin),
        (".do", 1, do),
        (".choose", 1, giving(learner.choose)),
        (".greedy", 1, giving(learner.greedy)),
        (".explore", 1, giving(learner.explore)),
        (".value", 2, value),
        (".left", 0, left),
        (".summary", 3, summary),
        (".random", 1, giving(learner.rng.random)),
    ]
    for name, arity, action in named:
        actions.add(name, arity, action)


def add_coordinator_actions(actions: Any, training: Training, addresses: list[str], finish: Callable[[], None]) -> None:
    """Let plans of the coordinator hand goals out.

    Args:
        actions: The agent's actions.
        training: What the learners share.
        addresses: Of the learners.
        finish: Called when all is done.
    """

    def assignment(_: Any, term: Any, intention: Any) -> Iterator[None]:
        found = training.assignment()
        if found is None:
            return
        values = (asp.Literal(addresses[found.learner]), found.first, found.episodes)
        if all(
            asp.unify(part, value, intention.scope, intention.stack)
            for part, value in zip(term.args, values, strict=True)
        ):
            yield

    def end(_: Any, __: Any, ___: Any) -> Iterator[None]:
        finish()
        yield

    actions.add(".assignment", 3, assignment)
    actions.add(".finish", 0, end)


def _number(term: Any, intention: Any) -> int:
    return int(asp.grounded(term.args[0], intention.scope))


def _give(variable: Any, value: Any, intention: Any) -> Iterator[None]:
    if asp.unify(variable, value, intention.scope, intention.stack):
        yield
