"""Arguments of the algorithms that learn from a replay buffer."""

from __future__ import annotations

from dataclasses import dataclass, field

from .declare import (
    HIDDEN_SIZES,
    arg,
    batch_size,
    buffer_size,
    gamma,
    learning_rate,
    learning_starts,
    num_envs,
    policy_frequency,
    target_network_frequency,
    tau,
)


@dataclass
class C51Args:
    """Arguments of ``c51`` (https://github.com/vwxyzjn/cleanrl/blob/master/cleanrl/c51.py)."""

    learning_rate: float = learning_rate(2.5e-4)
    num_envs: int = num_envs(1)
    n_atoms: int = arg(101, "Atoms of the distribution of returns.", minimum=2)
    v_min: float = arg(-100.0, "Smallest return of the distribution's support.", minimum=-1e9)
    v_max: float = arg(100.0, "Largest return of the distribution's support.", minimum=-1e9)
    buffer_size: int = buffer_size(10_000)
    gamma: float = gamma()
    target_network_frequency: int = target_network_frequency(500)
    batch_size: int = batch_size(128)
    start_e: float = arg(1.0, "Exploration rate at the start.", minimum=0, maximum=1)
    end_e: float = arg(0.05, "Exploration rate at the end.", minimum=0, maximum=1)
    exploration_fraction: float = arg(
        0.5, "Share of the training over which exploration falls.", exclusive_minimum=0, maximum=1
    )
    learning_starts: int = learning_starts(10_000)
    train_frequency: int = arg(10, "Steps between trainings.", minimum=1, unit="steps")
    gradient_steps: int = arg(1, "Updates in each training (CleanRL has always one).", minimum=1)
    hidden_sizes: list[int] = field(default_factory=lambda: [120, 84], metadata=HIDDEN_SIZES)


@dataclass
class DQNArgs:
    """Arguments of ``dqn`` (https://github.com/vwxyzjn/cleanrl/blob/master/cleanrl/dqn.py)."""

    learning_rate: float = learning_rate(2.5e-4)
    num_envs: int = num_envs(1)
    buffer_size: int = buffer_size(10_000)
    gamma: float = gamma()
    tau: float = tau(1.0)
    target_network_frequency: int = target_network_frequency(500)
    batch_size: int = batch_size(128)
    start_e: float = arg(1.0, "Exploration rate at the start.", minimum=0, maximum=1)
    end_e: float = arg(0.05, "Exploration rate at the end.", minimum=0, maximum=1)
    exploration_fraction: float = arg(
        0.5, "Share of the training over which exploration falls.", exclusive_minimum=0, maximum=1
    )
    learning_starts: int = learning_starts(10_000)
    train_frequency: int = arg(10, "Steps between trainings.", minimum=1, unit="steps")
    gradient_steps: int = arg(1, "Updates in each training (CleanRL has always one).", minimum=1)
    hidden_sizes: list[int] = field(default_factory=lambda: [120, 84], metadata=HIDDEN_SIZES)


@dataclass
class DDPGArgs:
    """Arguments of ``ddpg`` (https://github.com/vwxyzjn/cleanrl/blob/master/cleanrl/ddpg_continuous_action.py)."""

    learning_rate: float = learning_rate(3e-4)
    num_envs: int = num_envs(1)
    buffer_size: int = buffer_size(1_000_000)
    gamma: float = gamma()
    tau: float = tau(0.005)
    batch_size: int = batch_size(256)
    exploration_noise: float = arg(0.1, "Deviation of exploration noise, of half the action range.", minimum=0)
    learning_starts: int = learning_starts(25_000)
    policy_frequency: int = policy_frequency()
    hidden_sizes: list[int] = field(default_factory=lambda: [256, 256], metadata=HIDDEN_SIZES)


@dataclass
class TD3Args(DDPGArgs):
    """Arguments of ``td3`` (CleanRL's ``td3_continuous_action.py``), where they differ from ``ddpg``."""

    policy_noise: float = arg(
        0.2, "Deviation of the noise on target actions, of half the action range.", minimum=0, advanced=True
    )
    noise_clip: float = arg(0.5, "Largest noise on target actions, of half the action range.", minimum=0, advanced=True)


@dataclass
class SACArgs:
    """Arguments of ``sac`` (https://github.com/vwxyzjn/cleanrl/blob/master/cleanrl/sac_continuous_action.py)."""

    policy_lr: float = arg(3e-4, "Step size of the policy's Adam optimizer.", exclusive_minimum=0, maximum=1, log=True)
    q_lr: float = arg(
        1e-3, "Step size of the Adam optimizers of action values and alpha.", exclusive_minimum=0, maximum=1, log=True
    )
    num_envs: int = num_envs(1)
    buffer_size: int = buffer_size(1_000_000)
    gamma: float = gamma()
    tau: float = tau(0.005)
    batch_size: int = batch_size(256)
    learning_starts: int = learning_starts(5_000)
    policy_frequency: int = policy_frequency()
    target_network_frequency: int = target_network_frequency(1)
    alpha: float = arg(0.2, "Weight of the entropy, where autotune is off.", minimum=0, applies={"autotune": [False]})
    autotune: bool = arg(True, "Learn the weight of the entropy.")
    hidden_sizes: list[int] = field(default_factory=lambda: [256, 256], metadata=HIDDEN_SIZES)
