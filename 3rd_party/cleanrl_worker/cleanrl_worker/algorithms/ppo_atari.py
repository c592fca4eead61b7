"""Proximal policy optimization for Atari games: one file, in CleanRL's manner.

* Schulman et al. 2017, https://arxiv.org/abs/1707.06347: the clipped surrogate (eq. 7) and the joint objective (eq. 9).
* Schulman et al. 2016, https://arxiv.org/abs/1506.02438: generalized advantage estimation (eq. 16).
* Huang et al. 2022, https://iclr-blog-track.github.io/2022/03/25/ppo-implementation-details/: orthogonal
  initialisation, Adam with eps 1e-5, annealing, advantages normalised per minibatch, values and gradients clipped; part
  "Atari": layers shared by policy and value, screens scaled to 0..1.
* Mnih et al. 2015, https://www.nature.com/articles/nature14236: the convolutional network, rewards clipped to their
  sign, and the loss of a life as the end of what is learned from (not of the game, which goes on; see ``AtariEnv``).
* Pardo et al. 2018, https://arxiv.org/abs/1712.00378: an episode that a time limit cut off is bootstrapped.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import nn, optim
from torch.distributions import Categorical

if TYPE_CHECKING:
    from cleanrl_worker.arguments import PPOAtariArgs
    from cleanrl_worker.spaces import Spaces
    from cleanrl_worker.training import Training


def layer_init(layer: nn.Linear | nn.Conv2d, std: float = np.sqrt(2)) -> nn.Module:
    """Initialise a layer orthogonally with zero bias."""
    nn.init.orthogonal_(layer.weight, std)
    assert layer.bias is not None
    nn.init.constant_(layer.bias, 0.0)
    return layer


def convolutions(channels: int) -> nn.Sequential:
    """Build the convolutions of the DQN paper: from (batch, channels, 84, 84) to (batch, 3136)."""
    return nn.Sequential(
        layer_init(nn.Conv2d(channels, 32, 8, stride=4)),
        nn.ReLU(),
        layer_init(nn.Conv2d(32, 64, 4, stride=2)),
        nn.ReLU(),
        layer_init(nn.Conv2d(64, 64, 3, stride=1)),
        nn.ReLU(),
        nn.Flatten(),
    )


class Agent(nn.Module):
    """A policy and a value that share all layers but the last."""

    def __init__(self, spaces: Spaces, args: PPOAtariArgs) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        sizes = [64 * 7 * 7, *args.hidden_sizes]
        for inputs, units in pairwise(sizes):
            layers += [layer_init(nn.Linear(inputs, units)), nn.ReLU()]
        self.network = nn.Sequential(convolutions(spaces.obs_shape[0]), *layers)
        self.actor = layer_init(nn.Linear(sizes[-1], spaces.num_actions), std=0.01)
        self.critic = layer_init(nn.Linear(sizes[-1], 1), std=1.0)

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """Return the last shared layer of screens of shape (batch, 4, 84, 84), 0 to 255."""
        return self.network(x / 255.0)

    def get_value(self, x: torch.Tensor) -> torch.Tensor:
        """Return V(x), shape (batch,)."""
        return self.critic(self.features(x)).squeeze(-1)

    def get_action_and_value(
        self, x: torch.Tensor, action: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Sample an action, or rate a given one.

        Returns:
            action, log pi(action | x), entropy of pi(. | x), V(x); each of shape (batch,).
        """
        features = self.features(x)
        probs = Categorical(logits=self.actor(features), validate_args=False)
        if action is None:
            action = probs.sample()
        return action, probs.log_prob(action), probs.entropy(), self.critic(features).squeeze(-1)

    @torch.inference_mode()
    def greedy(self, obs: np.ndarray) -> np.ndarray:
        """Return the most probable action of each observation."""
        x = torch.as_tensor(obs, dtype=torch.float32, device=next(self.parameters()).device)
        return self.actor(self.features(x)).argmax(dim=-1).cpu().numpy()


def train(run: Training, args: PPOAtariArgs) -> Agent:
    """Train until ``run.total_timesteps`` environment steps are taken.

    Args:
        run: Environments, telemetry and checkpoints.
        args: The hyperparameters.

    Returns:
        The trained agent.
    """
    device, num_envs = run.device, args.num_envs
    agent = Agent(run.spaces, args).to(device)
    optimizer = optim.Adam(agent.parameters(), lr=args.learning_rate, eps=1e-5, fused=True)
    run.track(agent=agent, optimizer=optimizer)

    obs = torch.zeros((args.num_steps, num_envs, *run.spaces.obs_shape), dtype=torch.uint8, device=device)
    actions = torch.zeros((args.num_steps, num_envs), dtype=torch.long, device=device)
    logprobs, rewards, dones, values = (torch.zeros((args.num_steps, num_envs), device=device) for _ in range(4))

    next_obs = run.tensor(run.begin())
    while (num_steps := min(args.num_steps, run.steps_left() // num_envs)) > 0:
        learning_rate = args.learning_rate * (1.0 - run.progress() if args.anneal_lr else 1.0)
        optimizer.param_groups[0]["lr"] = learning_rate

        for t in range(num_steps):
            obs[t] = next_obs
            with torch.inference_mode():
                action, logprob, _, value = agent.get_action_and_value(next_obs)
            actions[t], logprobs[t], values[t] = action, logprob, value
            step = run.step(action.cpu().numpy())
            rewards[t] = run.tensor(np.sign(step.rewards))
            dones[t] = run.tensor(step.dones | step.lives_lost)
            if step.truncations.any():
                # A time limit says nothing about the state: its value stands in for the rewards that were cut off.
                with torch.inference_mode():
                    cut_off = agent.get_value(run.tensor(step.next_obs))
                rewards[t] += args.gamma * cut_off * run.tensor(step.truncations & ~step.terminations)
            next_obs = run.tensor(step.obs)

        # A_t = sum_l (gamma * lambda)^l delta_{t+l},  delta_t = r_t + gamma V(s_{t+1}) - V(s_t)   (GAE eq. 16)
        with torch.inference_mode():
            next_value = agent.get_value(next_obs)
        advantages = torch.zeros((num_steps, num_envs), device=device)
        lastgaelam = torch.zeros(num_envs, device=device)
        for t in reversed(range(num_steps)):
            nonterminal = 1.0 - dones[t]
            following = next_value if t == num_steps - 1 else values[t + 1]
            delta = rewards[t] + args.gamma * following * nonterminal - values[t]
            lastgaelam = delta + args.gamma * args.gae_lambda * nonterminal * lastgaelam
            advantages[t] = lastgaelam
        returns = advantages + values[:num_steps]

        b_obs = obs[:num_steps].flatten(0, 1)
        b_actions, b_logprobs = actions[:num_steps].flatten(), logprobs[:num_steps].flatten()
        b_advantages, b_returns, b_values = advantages.flatten(), returns.flatten(), values[:num_steps].flatten()
        batch_size = num_steps * num_envs
        minibatch_size = max(1, batch_size // args.num_minibatches)
        clipfracs = []
        for _ in range(args.update_epochs):
            permutation = torch.randperm(batch_size, device=device)
            for start in range(0, batch_size, minibatch_size):
                mb = permutation[start : start + minibatch_size]
                _, newlogprob, entropy, newvalue = agent.get_action_and_value(b_obs[mb].float(), b_actions[mb])
                logratio = newlogprob - b_logprobs[mb]
                ratio = logratio.exp()
                with torch.no_grad():
                    # http://joschu.net/blog/kl-approx.html
                    approx_kl = ((ratio - 1) - logratio).mean()
                    clipfracs.append(((ratio - 1.0).abs() > args.clip_coef).float().mean())

                mb_advantages = b_advantages[mb]
                if args.norm_adv and len(mb) > 1:
                    mb_advantages = (mb_advantages - mb_advantages.mean()) / (mb_advantages.std() + 1e-8)

                # L^CLIP = E[min(r_t A_t, clip(r_t, 1 - eps, 1 + eps) A_t)]   (PPO eq. 7)
                pg_loss = torch.max(
                    -mb_advantages * ratio,
                    -mb_advantages * torch.clamp(ratio, 1 - args.clip_coef, 1 + args.clip_coef),
                ).mean()

                v_loss = (newvalue - b_returns[mb]) ** 2
                if args.clip_vloss:
                    clipped = b_values[mb] + torch.clamp(newvalue - b_values[mb], -args.clip_coef, args.clip_coef)
                    v_loss = torch.max(v_loss, (clipped - b_returns[mb]) ** 2)
                v_loss = 0.5 * v_loss.mean()

                # L^{CLIP+VF+S} = L^CLIP - c1 L^VF + c2 S   (PPO eq. 9), here to be minimised
                entropy_loss = entropy.mean()
                loss = pg_loss - args.ent_coef * entropy_loss + args.vf_coef * v_loss
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(agent.parameters(), args.max_grad_norm)
                optimizer.step()
            if args.target_kl and approx_kl > args.target_kl:
                break

        if run.log_due():
            variance = b_returns.var(correction=0)
            explained = 1 - (b_returns - b_values).var(correction=0) / variance if variance > 0 else float("nan")
            run.log(
                {
                    "charts/learning_rate": learning_rate,
                    "losses/value_loss": v_loss,
                    "losses/policy_loss": pg_loss,
                    "losses/entropy": entropy_loss,
                    "losses/approx_kl": approx_kl,
                    "losses/clipfrac": torch.stack(clipfracs).mean(),
                    "losses/explained_variance": explained,
                }
            )
        run.safe_point()
    return agent
