"""Categorical DQN (C51) for discrete actions: one file, in CleanRL's manner.

* Bellemare, Dabney, Munos 2017, https://arxiv.org/abs/1707.06887: the return's distribution Z(s, a) on fixed atoms
  z_i = V_min + i dz, dz = (V_max - V_min) / (N - 1), greedy in its mean Q(s, a) = sum_i z_i p_i(s, a); the sample
  Bellman update T z_j = [r + gamma z_j] clipped to [V_min, V_max] is projected onto the atoms (eq. 7, algorithm 1), the
  loss is its cross-entropy -sum_i m_i log p_i(s, a).
* Mnih et al. 2015, https://www.nature.com/articles/nature14236: replay, a target network, epsilon-greedy exploration.
* Pardo et al. 2018, https://arxiv.org/abs/1712.00378: only a true end of the episode stops the bootstrapping.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn, optim

from cleanrl_worker.replay_buffer import ReplayBuffer

if TYPE_CHECKING:
    from cleanrl_worker.arguments import C51Args
    from cleanrl_worker.spaces import Spaces
    from cleanrl_worker.training import Training


class Agent(nn.Module):
    """The distribution of returns of every action."""

    atoms: torch.Tensor

    def __init__(self, spaces: Spaces, args: C51Args) -> None:
        super().__init__()
        self.num_actions = spaces.num_actions
        self.register_buffer("atoms", torch.linspace(args.v_min, args.v_max, args.n_atoms))
        sizes = [spaces.obs_dim, *args.hidden_sizes]
        layers: list[nn.Module] = []
        for inputs, units in pairwise(sizes):
            layers += [nn.Linear(inputs, units), nn.ReLU()]
        self.network = nn.Sequential(*layers, nn.Linear(sizes[-1], self.num_actions * args.n_atoms))

    def log_probs(self, x: torch.Tensor) -> torch.Tensor:
        """Return log p_i(x, a), shape (batch, num_actions, n_atoms)."""
        return self.network(x).view(len(x), self.num_actions, -1).log_softmax(dim=-1)

    def q_values(self, log_probs: torch.Tensor) -> torch.Tensor:
        """Return Q(x, .) of distributions, shape (batch, num_actions)."""
        return (log_probs.exp() * self.atoms).sum(dim=-1)

    @torch.inference_mode()
    def greedy(self, obs: np.ndarray) -> np.ndarray:
        """Return the action of the highest mean return of each observation."""
        x = torch.as_tensor(obs, dtype=torch.float32, device=self.atoms.device)
        return self.q_values(self.log_probs(x)).argmax(dim=-1).cpu().numpy()


def project(atoms: torch.Tensor, probs: torch.Tensor, shifted: torch.Tensor) -> torch.Tensor:
    """Project distributions onto the atoms, sharing each mass between the two atoms beside it (C51 eq. 7).

    Args:
        atoms: z, shape (n_atoms,), evenly spaced.
        probs: Masses, shape (batch, n_atoms).
        shifted: Where those masses lie now, shape (batch, n_atoms).

    Returns:
        Masses on ``atoms``, shape (batch, n_atoms).
    """
    spacing = (atoms[-1] - atoms[0]) / (len(atoms) - 1)
    b = ((shifted.clamp(atoms[0], atoms[-1]) - atoms[0]) / spacing).clamp(0, len(atoms) - 1)
    low = b.floor().clamp(max=len(atoms) - 2)  # so that the upper neighbour exists; all mass of the last atom is its
    upper_share = b - low
    projected = torch.zeros_like(probs)
    projected.scatter_add_(1, low.long(), probs * (1 - upper_share))
    projected.scatter_add_(1, low.long() + 1, probs * upper_share)
    return projected


def linear_schedule(start: float, end: float, duration: float, t: int) -> float:
    """Return the value at step ``t`` of a line from ``start`` to ``end`` over ``duration`` steps, ``end`` after it."""
    return start + (end - start) * min(1.0, t / max(duration, 1.0))


def train(run: Training, args: C51Args) -> Agent:
    """Train until ``run.total_timesteps`` environment steps are taken.

    Args:
        run: Environments, telemetry and checkpoints.
        args: The hyperparameters.

    Returns:
        The trained agent.
    """
    num_envs = args.num_envs
    q_network = Agent(run.spaces, args).to(run.device)
    optimizer = optim.Adam(q_network.parameters(), lr=args.learning_rate, eps=0.01 / args.batch_size, fused=True)
    target_network = Agent(run.spaces, args).to(run.device)
    target_network.load_state_dict(q_network.state_dict())
    buffer = ReplayBuffer(args.buffer_size, run.spaces.obs_dim)
    run.track(agent=q_network, optimizer=optimizer, target_network=target_network, replay_buffer=buffer)
    rows = torch.arange(args.batch_size, device=run.device)

    obs = run.begin()
    while run.steps_left() >= num_envs:
        epsilon = linear_schedule(
            args.start_e, args.end_e, args.exploration_fraction * run.total_timesteps, run.global_step
        )
        actions = q_network.greedy(obs)
        explore = run.rng.random(num_envs) < epsilon
        actions = np.where(explore, run.rng.integers(0, run.spaces.num_actions, num_envs), actions)
        step = run.step(actions)
        buffer.add(obs, step.next_obs, actions, step.rewards, step.terminations)
        obs = step.obs

        if run.global_step > args.learning_starts and run.every(args.train_frequency):
            for _ in range(args.gradient_steps):
                s, s_next, a, r, terminated = (run.tensor(x) for x in buffer.sample(args.batch_size, run.rng))
                with torch.no_grad():
                    next_log_probs = target_network.log_probs(s_next)
                    best = target_network.q_values(next_log_probs).argmax(dim=-1)
                    shifted = r.unsqueeze(1) + args.gamma * (1 - terminated).unsqueeze(1) * target_network.atoms
                    target = project(target_network.atoms, next_log_probs[rows, best].exp(), shifted)
                old_log_probs = q_network.log_probs(s)[rows, a.long()]
                loss = -(target * old_log_probs).sum(dim=-1).mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            if run.log_due():
                run.log(
                    {
                        "losses/loss": loss,
                        "losses/q_values": (old_log_probs.exp() * q_network.atoms).sum(dim=-1).mean(),
                        "charts/epsilon": epsilon,
                        "charts/learning_rate": args.learning_rate,
                    }
                )
        if run.global_step > args.learning_starts and run.every(args.target_network_frequency):
            target_network.load_state_dict(q_network.state_dict())
        run.safe_point()
    return q_network
