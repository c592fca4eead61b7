"""Deep Q-learning for discrete actions: one file, in CleanRL's manner.

* Mnih et al. 2015, https://www.nature.com/articles/nature14236: replay, a target network, epsilon-greedy exploration;
  the loss of iteration i is E[(r + gamma max_a' Q(s', a'; theta_i^-) - Q(s, a; theta_i))^2] (eq. 2 of its methods).
* Pardo et al. 2018, https://arxiv.org/abs/1712.00378: only a true end of the episode stops the bootstrapping.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn, optim
from torch.nn import functional

from cleanrl_worker.replay_buffer import ReplayBuffer

if TYPE_CHECKING:
    from cleanrl_worker.arguments import DQNArgs
    from cleanrl_worker.spaces import Spaces
    from cleanrl_worker.training import Training


class Agent(nn.Module):
    """The action-value network."""

    def __init__(self, spaces: Spaces, args: DQNArgs) -> None:
        super().__init__()
        sizes = [spaces.obs_dim, *args.hidden_sizes]
        layers: list[nn.Module] = []
        for inputs, units in pairwise(sizes):
            layers += [nn.Linear(inputs, units), nn.ReLU()]
        self.network = nn.Sequential(*layers, nn.Linear(sizes[-1], spaces.num_actions))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return Q(x, .) of shape (batch, num_actions)."""
        return self.network(x)

    @torch.inference_mode()
    def greedy(self, obs: np.ndarray) -> np.ndarray:
        """Return the action of the highest value of each observation."""
        x = torch.as_tensor(obs, dtype=torch.float32, device=next(self.parameters()).device)
        return self(x).argmax(dim=-1).cpu().numpy()


def linear_schedule(start: float, end: float, duration: float, t: int) -> float:
    """Return the value at step ``t`` of a line from ``start`` to ``end`` over ``duration`` steps, ``end`` after it."""
    return start + (end - start) * min(1.0, t / max(duration, 1.0))


def train(run: Training, args: DQNArgs) -> Agent:
    """Train until ``run.total_timesteps`` environment steps are taken.

    Args:
        run: Environments, telemetry and checkpoints.
        args: The hyperparameters.

    Returns:
        The trained agent.
    """
    num_envs = args.num_envs
    q_network = Agent(run.spaces, args).to(run.device)
    optimizer = optim.Adam(q_network.parameters(), lr=args.learning_rate, fused=True)
    target_network = Agent(run.spaces, args).to(run.device)
    target_network.load_state_dict(q_network.state_dict())
    buffer = ReplayBuffer(args.buffer_size, run.spaces.obs_dim)
    run.track(agent=q_network, optimizer=optimizer, target_network=target_network, replay_buffer=buffer)

    obs = run.begin()
    while run.steps_left() >= num_envs:
        epsilon = linear_schedule(
            args.start_e, args.end_e, args.exploration_fraction * run.total_timesteps, run.global_step
        )
        actions = q_network.greedy(obs)
        explore = run.rng.random(num_envs) < epsilon
        actions = np.where(explore, run.rng.integers(0, run.spaces.num_actions, num_envs), actions)
        step = run.step(actions)
        # next_obs is the observation the action led to, also where the environment has started a new episode since.
        buffer.add(obs, step.next_obs, actions, step.rewards, step.terminations)
        obs = step.obs

        if run.global_step > args.learning_starts and run.every(args.train_frequency):
            for _ in range(args.gradient_steps):
                s, s_next, a, r, terminated = (run.tensor(x) for x in buffer.sample(args.batch_size, run.rng))
                with torch.no_grad():
                    td_target = r + args.gamma * target_network(s_next).max(dim=1).values * (1 - terminated)
                old_val = q_network(s).gather(1, a.long().unsqueeze(1)).squeeze(1)
                loss = functional.mse_loss(td_target, old_val)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            if run.log_due():
                run.log(
                    {
                        "losses/td_loss": loss,
                        "losses/q_values": old_val.mean(),
                        "charts/epsilon": epsilon,
                        "charts/learning_rate": args.learning_rate,
                    }
                )
        if run.global_step > args.learning_starts and run.every(args.target_network_frequency):
            with torch.no_grad():
                for target, online in zip(target_network.parameters(), q_network.parameters(), strict=True):
                    target.lerp_(online, args.tau)
        run.safe_point()
    return q_network
