"""Twin delayed deep deterministic policy gradient for continuous actions: one file, in CleanRL's manner.

* Fujimoto et al. 2018, https://arxiv.org/abs/1802.09477: the smaller of two critics as target,
  y = r + gamma min_i Q'_i(s', mu'(s') + eps), eps ~ clip(N(0, sigma), -c, c) (eq. 10 and 14), and policy and targets
  updated less often than the critics (algorithm 1).
* Lillicrap et al. 2016, https://arxiv.org/abs/1509.02971: the deterministic policy gradient with replay (eq. 6).
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
    from cleanrl_worker.arguments import TD3Args
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

    def __init__(self, spaces: Spaces, args: TD3Args) -> None:
        super().__init__()
        self.network = mlp(spaces.obs_dim + spaces.action_dim, args.hidden_sizes, 1)

    def forward(self, x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        """Return Q(x, a), shape (batch,)."""
        return self.network(torch.cat([x, a], dim=1)).squeeze(-1)


class Agent(nn.Module):
    """The deterministic policy mu(x)."""

    action_scale: torch.Tensor
    action_bias: torch.Tensor

    def __init__(self, spaces: Spaces, args: TD3Args) -> None:
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


def train(run: Training, args: TD3Args) -> Agent:
    """Train until ``run.total_timesteps`` environment steps are taken.

    Args:
        run: Environments, telemetry and checkpoints.
        args: The hyperparameters.

    Returns:
        The trained policy.
    """
    num_envs, device = args.num_envs, run.device
    actor, target_actor = Agent(run.spaces, args).to(device), Agent(run.spaces, args).to(device)
    critics = nn.ModuleList(QNetwork(run.spaces, args) for _ in range(2)).to(device)
    target_critics = nn.ModuleList(QNetwork(run.spaces, args) for _ in range(2)).to(device)
    target_actor.load_state_dict(actor.state_dict())
    target_critics.load_state_dict(critics.state_dict())
    q_optimizer = optim.Adam(critics.parameters(), lr=args.learning_rate, fused=True)
    actor_optimizer = optim.Adam(actor.parameters(), lr=args.learning_rate, fused=True)
    buffer = ReplayBuffer(args.buffer_size, run.spaces.obs_dim, run.spaces.action_dim)
    run.track(
        agent=actor,
        target_actor=target_actor,
        critics=critics,
        target_critics=target_critics,
        q_optimizer=q_optimizer,
        actor_optimizer=actor_optimizer,
        replay_buffer=buffer,
    )
    low, high = run.spaces.action_bounds()
    noise = args.exploration_noise * (high - low) / 2
    lowest, highest = run.tensor(low), run.tensor(high)
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
                blur = (torch.randn_like(a) * args.policy_noise).clamp(-args.noise_clip, args.noise_clip)
                next_actions = (target_actor(s_next) + blur * target_actor.action_scale).clamp(lowest, highest)
                smaller = torch.min(*(critic(s_next, next_actions) for critic in target_critics))
                target = r + (1 - terminated) * args.gamma * smaller
            q_values = [critic(s, a) for critic in critics]
            q_losses = [functional.mse_loss(values, target) for values in q_values]
            q_optimizer.zero_grad()
            torch.stack(q_losses).sum().backward()
            q_optimizer.step()

            if run.every(args.policy_frequency):
                actor_loss = -critics[0](s, actor(s)).mean()
                actor_optimizer.zero_grad()
                actor_loss.backward()
                actor_optimizer.step()
                follow(target_actor, actor, args.tau)
                follow(target_critics, critics, args.tau)
            if run.log_due() and torch.isfinite(actor_loss):
                run.log(
                    {
                        "losses/qf1_values": q_values[0].mean(),
                        "losses/qf2_values": q_values[1].mean(),
                        "losses/qf1_loss": q_losses[0],
                        "losses/qf2_loss": q_losses[1],
                        "losses/qf_loss": sum(q_losses) / 2,
                        "losses/actor_loss": actor_loss,
                        "charts/learning_rate": args.learning_rate,
                    }
                )
        run.safe_point()
    return actor
