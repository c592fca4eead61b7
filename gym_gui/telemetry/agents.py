"""Recent returns of each agent of a worker's environments."""

from __future__ import annotations

import json
from collections.abc import Iterator

import msgspec

from gym_gui.runs import AgentSummary
from gym_gui.telemetry.curve import mean, push

MAX_AGENTS = 64
"""Agents with statistics of their own; later ones have only rows."""


class AgentReturns(msgspec.Struct, array_like=True):
    """The returns of one agent."""

    episodes: int = 0
    eval_episodes: int = 0
    recent: list[float] = []
    recent_eval: list[float] = []

    def add(self, value: float, *, evaluation: bool) -> None:
        """Add an episode's return."""
        if evaluation:
            self.eval_episodes += 1
            push(self.recent_eval, value)
        else:
            self.episodes += 1
            push(self.recent, value)

    def copy(self) -> AgentReturns:
        """Return an independent copy."""
        return AgentReturns(self.episodes, self.eval_episodes, self.recent[:], self.recent_eval[:])


def add_return(agents: dict[str, AgentReturns], agent_id: str, value: float, *, evaluation: bool) -> None:
    """Add one agent's return of an episode, unless there are too many agents."""
    if agent_id in agents or len(agents) < MAX_AGENTS:
        agents.setdefault(agent_id, AgentReturns()).add(value, evaluation=evaluation)


def returns_of(agent_rewards: str) -> Iterator[tuple[str, float]]:
    """Yield the agents of ``agent_rewards`` and their returns, skipping what is not a number."""
    try:
        rewards = json.loads(agent_rewards)
    except (ValueError, RecursionError):
        return
    for agent_id, value in rewards.items() if isinstance(rewards, dict) else ():
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                yield agent_id, float(value)
            except OverflowError:
                continue


def summaries(agents: dict[str, AgentReturns]) -> list[AgentSummary]:
    """Return the agents' summaries in order of first appearance."""
    return [
        AgentSummary(
            agent_id=agent_id,
            episodes=one.episodes,
            mean_return_100=mean(one.recent),
            recent_episodes=len(one.recent),
            eval_episodes=one.eval_episodes,
            eval_mean_return=mean(one.recent_eval),
        )
        for agent_id, one in agents.items()
    ]
