"""Episodes of greedy policies, without Ray: RLlib's modules are read from the checkpoint and asked directly."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from ray.rllib.core.columns import Columns
from ray.rllib.core.rl_module.rl_module import RLModule

from gym_gui.core.worker.envs.returns import as_float
from gym_gui.core.worker.errors import UsageError

from .environments import make_environment
from .paradigms import DEFAULT, MAIN, SHARED, policy_name
from .spaces import to_environment

if TYPE_CHECKING:
    from .environments import EnvPlan
    from .preflight import Facts

_MODULES = Path("learner_group", "learner", "rl_module")


class Policies:
    """The policies of a checkpoint.

    Args:
        path: The checkpoint.
        facts: Of the environment.

    Raises:
        UsageError: It holds no policy for an agent.
    """

    def __init__(self, path: str | Path, facts: Facts) -> None:
        self._path, self._facts = Path(path), facts
        self._modules: dict[str, Any] = {}
        for agent in facts.agents or (DEFAULT,):
            self._load(self.name(agent))

    def name(self, agent: Any) -> str:
        """Return the policy that an agent follows; in self-play all follow the one that learned."""
        if not self._facts.agents:
            return DEFAULT
        shared = {"parameter_sharing": SHARED, "self_play": MAIN}
        return shared.get(self._facts.paradigm) or policy_name(agent)

    def act(self, agent: Any, observation: Any, space: Any) -> Any:
        """Return the greedy action for an observation, as the environment takes it."""
        module = self._modules[self.name(agent)]
        with torch.no_grad():
            out = module.forward_inference({Columns.OBS: torch.as_tensor(np.asarray(observation)[None])})
            if Columns.ACTIONS in out:
                action = out[Columns.ACTIONS]
            else:
                kind = module.get_inference_action_dist_cls()
                action = kind.from_logits(out[Columns.ACTION_DIST_INPUTS]).to_deterministic().sample()
        return to_environment(np.asarray(action)[0], space)

    def _load(self, name: str) -> None:
        if name in self._modules:
            return
        folder = self._path / _MODULES / name
        if not folder.is_dir():
            held = sorted(path.name for path in (self._path / _MODULES).glob("*") if path.is_dir())
            raise UsageError(
                f"The checkpoint holds no policy {name!r}.",
                where=f"checkpoint_path: {self._path}",
                why=f"it holds {', '.join(held) or 'none'}; the paradigm of its training was another",
                next_step="Set paradigm and env_id as they were when it was saved.",
            )
        self._modules[name] = RLModule.from_checkpoint(str(folder)).eval()


def evaluate(plan: EnvPlan, policies: Policies, *, episodes: int) -> dict[str, Any]:
    """Play whole episodes greedily.

    Args:
        plan: How the environment is made; its phase becomes ``eval``.
        policies: Who acts.
        episodes: How many.

    Returns:
        Number of episodes, mean, standard deviation, smallest and largest return; each agent's mean return.
    """
    env = make_environment(replace(plan, phase="eval").env_config())
    returns: list[float] = []
    by_agent: dict[str, list[float]] = {}
    taken = 0
    try:
        for _ in range(episodes):
            rewards, steps = (_play_agents if hasattr(env, "possible_agents") else _play)(env, policies)
            returns.append(sum(rewards.values()))
            taken += steps
            for agent, reward in rewards.items():
                by_agent.setdefault(agent, []).append(reward)
    finally:
        env.close()
    several = {agent: float(np.mean(values)) for agent, values in by_agent.items()} if len(by_agent) > 1 else {}
    return {
        "episodes": episodes,
        "steps": taken,
        "mean_return": float(np.mean(returns)),
        "std_return": float(np.std(returns)),
        "min_return": min(returns),
        "max_return": max(returns),
        **({"agent_mean_returns": several} if several else {}),
    }


def _play(env: Any, policies: Policies) -> tuple[dict[str, float], int]:
    observation, _ = env.reset()
    total, steps, ended = 0.0, 0, False
    while not ended:
        action = policies.act(DEFAULT, observation, env.action_space)
        observation, reward, terminated, truncated, _ = env.step(action)
        total, steps, ended = total + as_float(reward), steps + 1, bool(terminated or truncated)
    return {DEFAULT: total}, steps


def _play_agents(env: Any, policies: Policies) -> tuple[dict[str, float], int]:
    observations, _ = env.reset()
    totals = {str(agent): 0.0 for agent in env.possible_agents}
    steps, ended, gone = 0, False, set()
    while not ended:
        acting = {agent: seen for agent, seen in observations.items() if agent not in gone}
        actions = {agent: policies.act(agent, seen, env.action_spaces[agent]) for agent, seen in acting.items()}
        observations, rewards, terminated, truncated, _ = env.step(actions)
        for agent, reward in rewards.items():
            totals[str(agent)] += as_float(reward)
        gone |= {agent for agent in observations if terminated.get(agent) or truncated.get(agent)}
        steps, ended = steps + 1, bool(terminated["__all__"] or truncated["__all__"])
    return totals, steps


__all__ = ["Policies", "evaluate"]
