"""Who learns what: which policy each agent follows, by the paradigm of the run."""

from __future__ import annotations

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DEFAULT, SHARED, MAIN, LEAGUE = "default_policy", "shared", "main", "league_"


@dataclass(frozen=True)
class SharedPolicy:
    """All agents follow one policy."""

    def __call__(self, *_: Any, **__: Any) -> str:
        """Return the policy of an agent."""
        return SHARED


@dataclass(frozen=True)
class OwnPolicies:
    """Each agent follows a policy of its own."""

    def __call__(self, agent_id: Any, *_: Any, **__: Any) -> str:
        """Return the policy of an agent."""
        return policy_name(agent_id)


@dataclass(frozen=True)
class LeaguePolicies:
    """One agent of each episode follows the policy that learns, the others a member of the league.

    The seat and the opponent follow from the episode's id, so that every process sees the same.

    Attributes:
        agents: Who may play.
        file: Says how many of the league's places are taken; processes of their own read it, too.
    """

    agents: tuple[str, ...]
    file: str

    def __call__(self, agent_id: Any, episode: Any = None, **_: Any) -> str:
        """Return the policy of an agent."""
        digest = hashlib.sha256(str(getattr(episode, "id_", "")).encode()).digest()
        seat = self.agents[digest[0] % len(self.agents)]
        if str(agent_id) == seat:
            return MAIN
        return f"{LEAGUE}{int.from_bytes(digest[1:5], 'big') % members(self.file)}"


def members(file: str) -> int:
    """Return how many of a league's places are taken; the first is from the beginning."""
    with contextlib.suppress(OSError, ValueError):
        return max(1, int(Path(file).read_text(encoding="ascii")))
    return 1


def policy_name(agent_id: Any) -> str:
    """Return an agent's name as the name of its policy, which also names a folder."""
    return "".join(letter if letter.isalnum() or letter in "_-" else "_" for letter in str(agent_id))


def policies(paradigm: str, agents: tuple[str, ...], league_size: int) -> dict[str, str]:
    """Return the policies of a multi-agent run, each with the agent whose spaces it has.

    Args:
        paradigm: ``parameter_sharing``, ``independent`` or ``self_play``.
        agents: The environment's agents.
        league_size: Places of the league.
    """
    if paradigm == "parameter_sharing":
        return {SHARED: agents[0]}
    if paradigm == "independent":
        return {policy_name(agent): agent for agent in agents}
    return {MAIN: agents[0], **{f"{LEAGUE}{place}": agents[0] for place in range(league_size)}}


def mapping(paradigm: str, agents: tuple[str, ...], league: str) -> Any:
    """Return what tells an agent's policy; ``league`` is the file of :class:`LeaguePolicies`."""
    if paradigm == "parameter_sharing":
        return SharedPolicy()
    return OwnPolicies() if paradigm == "independent" else LeaguePolicies(agents, league)


__all__ = [
    "DEFAULT",
    "LEAGUE",
    "MAIN",
    "SHARED",
    "LeaguePolicies",
    "OwnPolicies",
    "SharedPolicy",
    "mapping",
    "members",
    "policies",
    "policy_name",
]
