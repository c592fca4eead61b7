"""Soft actor-critic for continuous actions: one file, in CleanRL's manner.

* Haarnoja et al. 2018a, https://arxiv.org/abs/1801.01290: the soft value target
  y = r + gamma (min_i Q'_i(s', a') - alpha log pi(a'|s')), a' ~ pi(.|s'); a Gaussian squashed by tanh, whose density is
  log pi(a|s) = log N(u|s) - sum_i log(1 - tanh^2(u_i)) (its appendix C).
* Haarnoja et al. 2018b, https://arxiv.org/abs/1812.05905: the policy's loss E[alpha log pi(a|s) - min_i Q_i(s, a)]
  (eq. 7), and alpha learned by E[-alpha (log pi(a|s) + H)] with H = -dim(A) (eq. 18).
* Pardo et al. 2018, https://arxiv.org/abs/1712.00378: only a true end of the episode stops the bootstrapping.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn, optim
from torch.distributions import Normal
from torch.nn import functional

from cleanrl_worker.replay_buffer import ReplayBuffer

if TYPE_CHECKING:
    from cleanrl_worker.arguments import SACArgs
    from cleanrl_worker.spaces import Spaces
    from cleanrl_worker.training import Training

LOG_STD_MAX, LOG_STD_MIN = 2.0, -5.0


def layers(inputs: int, hidden_sizes: list[int]) -> list[nn.Module]:
    """Return the hidden layers of a ReLU network."""
    found: list[nn.Module] = []
    for before, units in pairwise([inputs, *hidden_sizes]):
        found += [nn.Linear(before, units), nn.ReLU()]
    return found


class QNetwork(nn.Module):
    """The soft value of an action."""

    def __init__(self, spaces: Spaces, args: SACArgs) -> None:
        super().__init__()
        inputs = spaces.obs_dim + spaces.action_dim
        last = args.hidden_sizes[-1] if args.hidden_sizes else inputs
        self.network = nn.Sequential(*layers(inputs, args.hidden_sizes), nn.Linear(last, 1))

    def forward(self, x: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
        """Return Q(x, a), shape (batch,)."""
        return self.network(torch.cat([x, a], dim=1)).squeeze(-1)


class Agent(nn.Module):
    """The policy: a Gaussian squashed into the bounds of the action space."""

    action_scale: torch.Tensor
    action_bias: torch.Tensor

    def __init__(self, spaces: Spaces, args: SACArgs) -> None:
        super().__init__()
        last = args.hidden_sizes[-1] if args.hidden_sizes else spaces.obs_dim
        self.body = nn.Sequential(*layers(spaces.obs_dim, args.hidden_sizes))
        self.mean = nn.Linear(last, spaces.action_dim)
        self.logstd = nn.Linear(last, spaces.action_dim)
        low, high = spaces.action_bounds()
        self.register_buffer("action_scale", torch.from_numpy((high - low) / 2))
        self.register_buffer("action_bias", torch.from_numpy((high + low) / 2))

    def get_action(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Sample an action.

        Returns:
            action of shape (batch, action_dim), differentiable in the parameters; log pi(action | x), shape (batch,).
        """
        hidden = self.body(x)
        # From Spinning Up: a smooth way to keep the deviation between two bounds.
        logstd = LOG_STD_MIN + 0.5 * (LOG_STD_MAX - LOG_STD_MIN) * (torch.tanh(self.logstd(hidden)) + 1)
        normal = Normal(self.mean(hidden), logstd.exp(), validate_args=False)
        u = normal.rsample()
        # log(1 - tanh^2(u)) = 2 (log 2 - u - softplus(-2u)), which does not overflow
        squash = 2 * (math.log(2) - u - functional.softplus(-2 * u)) + torch.log(self.action_scale)
        action = torch.tanh(u) * self.action_scale + self.action_bias
        return action, (normal.log_prob(u) - squash).sum(dim=1)

    @torch.inference_mode()
    def greedy(self, obs: np.ndarray) -> np.ndarray:
        """Return the squashed mean of each observation."""
        x = torch.as_tensor(obs, dtype=torch.float32, device=self.action_scale.device)
        return (torch.tanh(self.mean(self.body(x))) * self.action_scale + self.action_bias).cpu().numpy()


def train(run: Training, args: SACArgs) -> Agent:
    """Train until ``run.total_timesteps`` environment steps are taken.

    Args:
        run: Environments, telemetry and checkpoints.
        args: The hyperparameters.

    Returns:
        The trained policy.
    """
    num_envs, device = args.num_envs, run.device
    actor = Agent(run.spaces, args).to(device)
    critics = nn.ModuleList(QNetwork(run.spaces, args) for _ in range(2)).to(device)
    target_critics = nn.ModuleList(QNetwork(run.spaces, args) for _ in range(2)).to(device)
    target_critics.load_state_dict(critics.state_dict())
    q_optimizer = optim.Adam(critics.parameters(), lr=args.q_lr, fused=True)
    actor_optimizer = optim.Adam(actor.parameters(), lr=args.policy_lr, fused=True)
    temperature = nn.ParameterDict({"log_alpha": nn.Parameter(torch.zeros(()))}).to(device)
    alpha_optimizer = optim.Adam(temperature.parameters(), lr=args.q_lr)
    buffer = ReplayBuffer(args.buffer_size, run.spaces.obs_dim, run.spaces.action_dim)
    run.track(
        agent=actor,
        critics=critics,
        target_critics=target_critics,
        q_optimizer=q_optimizer,
        actor_optimizer=actor_optimizer,
        temperature=temperature,
        alpha_optimizer=alpha_optimizer,
        replay_buffer=buffer,
    )
    low, high = run.spaces.action_bounds()
    target_entropy = -float(run.spaces.action_dim)
    actor_loss = torch.tensor(float("nan"))

    obs = run.begin()
    while run.steps_left() >= num_envs:
        if run.global_step < args.learning_starts:
            actions = run.rng.uniform(low, high, (num_envs, len(low))).astype(np.float32)
        else:
            with torch.inference_mode():
                actions = actor.get_action(run.tensor(obs))[0].cpu().numpy()
        step = run.step(actions)
        # next_obs is the observation the action led to, also where the environment has started a new episode since.
        buffer.add(obs, step.next_obs, actions, step.rewards, step.terminations)
        obs = step.obs

        if run.global_step > args.learning_starts:
            log_alpha = temperature["log_alpha"]
            alpha = log_alpha.detach().exp() if args.autotune else torch.tensor(args.alpha, device=device)
            s, s_next, a, r, terminated = (run.tensor(x) for x in buffer.sample(args.batch_size, run.rng))
            with torch.no_grad():
                next_actions, next_log_pi = actor.get_action(s_next)
                soft = torch.min(*(critic(s_next, next_actions) for critic in target_critics)) - alpha * next_log_pi
                target = r + (1 - terminated) * args.gamma * soft
            q_values = [critic(s, a) for critic in critics]
            q_losses = [functional.mse_loss(values, target) for values in q_values]
            q_optimizer.zero_grad()
            torch.stack(q_losses).sum().backward()
            q_optimizer.step()

            if run.every(args.policy_frequency):
                for _ in range(args.policy_frequency):  # as often as the critics, in bursts
                    pi, log_pi = actor.get_action(s)
                    actor_loss = (alpha * log_pi - torch.min(*(critic(s, pi) for critic in critics))).mean()
                    actor_optimizer.zero_grad()
                    actor_loss.backward()
                    actor_optimizer.step()
                    if args.autotune:
                        alpha_loss = -(log_alpha.exp() * (log_pi.detach() + target_entropy)).mean()
                        alpha_optimizer.zero_grad()
                        alpha_loss.backward()
                        alpha_optimizer.step()
                        alpha = log_alpha.detach().exp()
            if run.every(args.target_network_frequency):
                with torch.no_grad():
                    torch._foreach_lerp_(list(target_critics.parameters()), list(critics.parameters()), args.tau)
            if run.log_due() and torch.isfinite(actor_loss):
                run.log(
                    {
                        "losses/qf1_values": q_values[0].mean(),
                        "losses/qf2_values": q_values[1].mean(),
                        "losses/qf1_loss": q_losses[0],
                        "losses/qf2_loss": q_losses[1],
                        "losses/qf_loss": sum(q_losses) / 2,
                        "losses/actor_loss": actor_loss,
                        "losses/alpha": alpha,
                        "charts/learning_rate": args.policy_lr,
                    }
                )
        run.safe_point()
    return actor
