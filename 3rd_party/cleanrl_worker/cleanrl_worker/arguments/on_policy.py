"""Arguments of the algorithms that learn from what the present policy does."""

from __future__ import annotations

from dataclasses import dataclass, field

from .declare import HIDDEN_SIZES, arg, gamma, learning_rate, num_envs


def _num_steps(default: int) -> int:
    text = "Steps of each environment between two updates of the policy."
    found: int = arg(default, text, minimum=1, unit="steps")
    return found


@dataclass
class PPOArgs:
    """Arguments of ``ppo`` (https://github.com/vwxyzjn/cleanrl/blob/master/cleanrl/ppo.py)."""

    learning_rate: float = learning_rate(2.5e-4)
    num_envs: int = num_envs(4)
    num_steps: int = _num_steps(128)
    anneal_lr: bool = arg(True, "Lower the learning rate linearly to zero over the training.")
    gamma: float = gamma()
    gae_lambda: float = arg(0.95, "Lambda of generalized advantage estimation.", minimum=0, maximum=1)
    num_minibatches: int = arg(4, "Minibatches that each batch is split into.", minimum=1)
    update_epochs: int = arg(4, "Passes over each batch.", minimum=1)
    norm_adv: bool = arg(True, "Normalise the advantages of each minibatch.", advanced=True)
    clip_coef: float = arg(0.2, "Clip range of the surrogate objective.", exclusive_minimum=0)
    clip_vloss: bool = arg(True, "Clip the value loss as the policy loss is clipped.", advanced=True)
    ent_coef: float = arg(0.01, "Weight of the entropy bonus.", minimum=0)
    vf_coef: float = arg(0.5, "Weight of the value loss.", minimum=0)
    max_grad_norm: float = arg(0.5, "Largest norm of the gradient.", exclusive_minimum=0, advanced=True)
    target_kl: float = arg(
        0.0, "KL divergence from the old policy that ends an update early; 0 means never.", minimum=0, advanced=True
    )
    hidden_sizes: list[int] = field(default_factory=lambda: [64, 64], metadata=HIDDEN_SIZES)


@dataclass
class PPOContinuousArgs(PPOArgs):
    """Arguments of ``ppo_continuous_action`` (CleanRL's file of that name), where they differ from ``ppo``."""

    learning_rate: float = learning_rate(3e-4)
    num_envs: int = num_envs(1)
    num_steps: int = _num_steps(2048)
    num_minibatches: int = arg(32, "Minibatches that each batch is split into.", minimum=1)
    update_epochs: int = arg(10, "Passes over each batch.", minimum=1)
    ent_coef: float = arg(0.0, "Weight of the entropy bonus.", minimum=0)
    norm_obs: bool = arg(True, "Normalise observations by their running mean and deviation.")
    norm_reward: bool = arg(True, "Scale rewards by the running deviation of the discounted return.")


@dataclass
class PPOAtariArgs(PPOArgs):
    """Arguments of ``ppo_atari`` (CleanRL's file of that name), where they differ from ``ppo``."""

    num_envs: int = num_envs(8)
    clip_coef: float = arg(0.1, "Clip range of the surrogate objective.", exclusive_minimum=0)
    hidden_sizes: list[int] = field(default_factory=lambda: [512], metadata=HIDDEN_SIZES)
