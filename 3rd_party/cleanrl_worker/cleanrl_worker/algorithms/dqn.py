"""Deep Q-learning for discrete actions: one file, in CleanRL's manner.

* Mnih et al. 2015, https://www.nature.com/articles/nature14236: replay, a target network, epsilon-greedy exploration;
  the loss of iteration i is E[(r + gamma max_a' Q(s', a'; theta_i^-) - Q(s, a; theta_i))^2] (eq. 2 of its methods).
* Pardo et al. 2018, https://arxiv.org/abs/1712.00378: only a true end of the episode stops the bootstrapping.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn, optim
from torch.nn import functional

if TYPE_CHECKING:
    from cleanrl_worker.arguments import DQNArgs
    from cleanrl_worker.environments import Spaces
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


class ReplayBuffer:
    """The last transitions, the oldest overwritten first."""

    def __init__(self, size: int, obs_dim: int) -> None:
        self.obs = np.zeros((size, obs_dim), dtype=np.float32)
        self.next_obs = np.zeros((size, obs_dim), dtype=np.float32)
        self.actions = np.zeros(size, dtype=np.int64)
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

    def every(steps: int) -> bool:
        # With several environments side by side the step count leaps over multiples.
        return run.global_step // steps > (run.global_step - num_envs) // steps

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

        if run.global_step > args.learning_starts and every(args.train_frequency):
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
        if run.global_step > args.learning_starts and every(args.target_network_frequency):
            with torch.no_grad():
                for target, online in zip(target_network.parameters(), q_network.parameters(), strict=True):
                    target.lerp_(online, args.tau)
        run.safe_point()
    return q_network
