"""The arguments of each algorithm: CleanRL's names and defaults, a sentence and bounds for each.

No torch here: the worker's schema, help and dry run are read without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any


def arg(default: Any, text: str, **bounds: Any) -> Any:
    """Declare one argument.

    Args:
        default: CleanRL's default.
        text: One sentence of help.
        **bounds: ``minimum``, ``maximum``, ``exclusive_minimum``, ``unit`` …
    """
    return field(default=default, metadata={"help": text, **bounds})


_HIDDEN_SIZES = {"help": "Units of each hidden layer of the networks."}


def _learning_rate(default: float) -> Any:
    return arg(default, "Step size of the Adam optimizer.", exclusive_minimum=0, maximum=1)


def _num_envs(default: int) -> Any:
    return arg(default, "Environments stepped side by side in this process.", minimum=1, maximum=1024)


def _gamma() -> Any:
    return arg(0.99, "Discount factor of future rewards.", minimum=0, maximum=1)


@dataclass
class PPOArgs:
    """Arguments of ``ppo`` (https://github.com/vwxyzjn/cleanrl/blob/master/cleanrl/ppo.py)."""

    learning_rate: float = _learning_rate(2.5e-4)
    num_envs: int = _num_envs(4)
    num_steps: int = arg(128, "Steps of each environment between two updates of the policy.", minimum=1, unit="steps")
    anneal_lr: bool = arg(True, "Lower the learning rate linearly to zero over the training.")
    gamma: float = _gamma()
    gae_lambda: float = arg(0.95, "Lambda of generalized advantage estimation.", minimum=0, maximum=1)
    num_minibatches: int = arg(4, "Minibatches that each batch is split into.", minimum=1)
    update_epochs: int = arg(4, "Passes over each batch.", minimum=1)
    norm_adv: bool = arg(True, "Normalise the advantages of each minibatch.")
    clip_coef: float = arg(0.2, "Clip range of the surrogate objective.", exclusive_minimum=0)
    clip_vloss: bool = arg(True, "Clip the value loss as the policy loss is clipped.")
    ent_coef: float = arg(0.01, "Weight of the entropy bonus.", minimum=0)
    vf_coef: float = arg(0.5, "Weight of the value loss.", minimum=0)
    max_grad_norm: float = arg(0.5, "Largest norm of the gradient.", exclusive_minimum=0)
    target_kl: float = arg(
        0.0, "KL divergence from the old policy that ends an update early; 0 means never.", minimum=0
    )
    hidden_sizes: list[int] = field(default_factory=lambda: [64, 64], metadata=_HIDDEN_SIZES)


@dataclass
class PPOContinuousArgs(PPOArgs):
    """Arguments of ``ppo_continuous_action`` (CleanRL's file of that name), where they differ from ``ppo``."""

    learning_rate: float = _learning_rate(3e-4)
    num_envs: int = _num_envs(1)
    num_steps: int = arg(2048, "Steps of each environment between two updates of the policy.", minimum=1, unit="steps")
    num_minibatches: int = arg(32, "Minibatches that each batch is split into.", minimum=1)
    update_epochs: int = arg(10, "Passes over each batch.", minimum=1)
    ent_coef: float = arg(0.0, "Weight of the entropy bonus.", minimum=0)
    norm_obs: bool = arg(True, "Normalise observations by their running mean and deviation.")
    norm_reward: bool = arg(True, "Scale rewards by the running deviation of the discounted return.")


@dataclass
class DQNArgs:
    """Arguments of ``dqn`` (https://github.com/vwxyzjn/cleanrl/blob/master/cleanrl/dqn.py)."""

    learning_rate: float = _learning_rate(2.5e-4)
    num_envs: int = _num_envs(1)
    buffer_size: int = arg(10_000, "Transitions that the replay buffer holds.", minimum=1)
    gamma: float = _gamma()
    tau: float = arg(
        1.0, "Share of the online network in each update of the target network.", exclusive_minimum=0, maximum=1
    )
    target_network_frequency: int = arg(500, "Steps between updates of the target network.", minimum=1, unit="steps")
    batch_size: int = arg(128, "Transitions in each sample of the replay buffer.", minimum=1)
    start_e: float = arg(1.0, "Exploration rate at the start.", minimum=0, maximum=1)
    end_e: float = arg(0.05, "Exploration rate at the end.", minimum=0, maximum=1)
    exploration_fraction: float = arg(
        0.5, "Share of the training over which exploration falls.", exclusive_minimum=0, maximum=1
    )
    learning_starts: int = arg(10_000, "Steps before the first update.", minimum=0, unit="steps")
    train_frequency: int = arg(10, "Steps between trainings.", minimum=1, unit="steps")
    gradient_steps: int = arg(1, "Updates in each training (CleanRL has always one).", minimum=1)
    hidden_sizes: list[int] = field(default_factory=lambda: [120, 84], metadata=_HIDDEN_SIZES)


#: The arguments class of each algorithm, by the algorithm's name.
ARGUMENTS: dict[str, type[PPOArgs] | type[DQNArgs]] = {
    "ppo": PPOArgs,
    "ppo_continuous_action": PPOContinuousArgs,
    "dqn": DQNArgs,
}


def argument_names(algo: str) -> tuple[str, ...]:
    """Return the names of an algorithm's arguments."""
    return tuple(f.name for f in fields(ARGUMENTS[algo]))
