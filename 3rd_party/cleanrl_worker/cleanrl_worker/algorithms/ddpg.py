"""Deep deterministic policy gradient for continuous actions: one file, in CleanRL's manner.

* Lillicrap et al. 2016, https://arxiv.org/abs/1509.02971: the critic's target y = r + gamma Q'(s', mu'(s')), its
  loss E[(y - Q(s, a))^2] (eq. 4 and 5), the policy gradient E[grad_a Q(s, a)|_{a = mu(s)} grad mu(s)] (eq. 6),
  targets that follow slowly, theta' <- tau theta + (1 - tau) theta'.
* Fujimoto et al. 2018, https://arxiv.org/abs/1802.09477, appendix: Gaussian exploration noise, layers of 256 units.
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
    from cleanrl_worker.arguments import DDPGArgs
    from cleanrl_worker.spaces import Spaces
    from cleanrl_worker.training import Training


def mlp(inputs: int, hidden_sizes: list[int], outputs: int) -> nn.Sequential:
    """Build a ReLU network."""
    sizes = [inputs, *hidden_sizes]
    layers: list[nn.Module] = []
    for before, units in pairwise(sizes):
        layers += [nn.Linear(before, units), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], outputs))


class QNetwork(nn.Module):
    """The value of an action."""

    def __init__(self, spaces: Spaces, args: DDPGArgs) -> None:
        super().__init__()
        self.network = mlp(spaces.obs_dim + spaces.action_dim, args.hidden_sizes, 1)

    def forward(self, x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        """Return Q(x, a), shape (batch,)."""
        return self.network(torch.cat([x, a], dim=1)).squeeze(-1)


class Agent(nn.Module):
    """The deterministic policy mu(x)."""

    action_scale: torch.Tensor
    action_bias: torch.Tensor

    def __init__(self, spaces: Spaces, args: DDPGArgs) -> None:
        super().__init__()
        self.network = mlp(spaces.obs_dim, args.hidden_sizes, spaces.action_dim)
        low, high = spaces.action_bounds()
        self.register_buffer("action_scale", torch.from_numpy((high - low) / 2))
        self.register_buffer("action_bias", torch.from_numpy((high + low) / 2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return mu(x), shape (batch, action_dim), within the bounds of the action space."""
        return torch.tanh(self.network(x)) * self.action_scale + self.action_bias

    @torch.inference_mode()
    def greedy(self, obs: np.ndarray) -> np.ndarray:
        """Return the action of each observation."""
        return self(torch.as_tensor(obs, dtype=torch.float32, device=self.action_scale.device)).cpu().numpy()


def follow(target: nn.Module, online: nn.Module, tau: float) -> None:
    """Move a target network a share ``tau`` towards the one it follows."""
    with torch.no_grad():
        torch._foreach_lerp_(list(target.parameters()), list(online.parameters()), tau)


def train(run: Training, args: DDPGArgs) -> Agent:
    """Train until ``run.total_timesteps`` environment steps are taken.

    Args:
        run: Environments, telemetry and checkpoints.
        args: The hyperparameters.

    Returns:
        The trained policy.
    """
    num_envs, device = args.num_envs, run.device
    actor, target_actor = Agent(run.spaces, args).to(device), Agent(run.spaces, args).to(device)
    qf1, qf1_target = QNetwork(run.spaces, args).to(device), QNetwork(run.spaces, args).to(device)
    target_actor.load_state_dict(actor.state_dict())
    qf1_target.load_state_dict(qf1.state_dict())
    q_optimizer = optim.Adam(qf1.parameters(), lr=args.learning_rate, fused=True)
    actor_optimizer = optim.Adam(actor.parameters(), lr=args.learning_rate, fused=True)
    buffer = ReplayBuffer(args.buffer_size, run.spaces.obs_dim, run.spaces.action_dim)
    run.track(
        agent=actor,
        target_actor=target_actor,
        qf1=qf1,
        qf1_target=qf1_target,
        q_optimizer=q_optimizer,
        actor_optimizer=actor_optimizer,
        replay_buffer=buffer,
    )
    low, high = run.spaces.action_bounds()
    noise = args.exploration_noise * (high - low) / 2
    actor_loss = torch.tensor(float("nan"))

    obs = run.begin()
    while run.steps_left() >= num_envs:
        if run.global_step < args.learning_starts:
            actions = run.rng.uniform(low, high, (num_envs, len(low)))
        else:
            actions = actor.greedy(obs) + run.rng.normal(0.0, 1.0, (num_envs, len(low))) * noise
        actions = np.clip(actions, low, high).astype(np.float32)
        step = run.step(actions)
        # next_obs is the observation the action led to, also where the environment has started a new episode since.
        buffer.add(obs, step.next_obs, actions, step.rewards, step.terminations)
        obs = step.obs

        if run.global_step > args.learning_starts:
            s, s_next, a, r, terminated = (run.tensor(x) for x in buffer.sample(args.batch_size, run.rng))
            with torch.no_grad():
                target = r + (1 - terminated) * args.gamma * qf1_target(s_next, target_actor(s_next))
            q_values = qf1(s, a)
            q_loss = functional.mse_loss(q_values, target)
            q_optimizer.zero_grad()
            q_loss.backward()
            q_optimizer.step()

            if run.every(args.policy_frequency):
                actor_loss = -qf1(s, actor(s)).mean()
                actor_optimizer.zero_grad()
                actor_loss.backward()
                actor_optimizer.step()
                follow(target_actor, actor, args.tau)
                follow(qf1_target, qf1, args.tau)
            if run.log_due() and torch.isfinite(actor_loss):
                run.log(
                    {
                        "losses/qf1_values": q_values.mean(),
                        "losses/qf1_loss": q_loss,
                        "losses/actor_loss": actor_loss,
                        "charts/learning_rate": args.learning_rate,
                    }
                )
        run.safe_point()
    return actor
