"""How an argument is declared: its default, a sentence and its bounds."""

from __future__ import annotations

from dataclasses import field
from typing import Any

#: What is said of the layers of fully connected networks.
HIDDEN_SIZES = {"help": "Units of each hidden layer of the networks."}


def arg(default: Any, text: str, **bounds: Any) -> Any:
    """Declare one argument.

    Args:
        default: CleanRL's default.
        text: One sentence of help.
        **bounds: ``minimum``, ``maximum``, ``exclusive_minimum``, ``unit`` …
    """
    return field(default=default, metadata={"help": text, **bounds})


def learning_rate(default: float) -> Any:
    """Declare the step size of the optimizer."""
    return arg(default, "Step size of the Adam optimizer.", exclusive_minimum=0, maximum=1, log=True)


def num_envs(default: int) -> Any:
    """Declare the number of environments."""
    return arg(default, "Environments stepped side by side in this process.", minimum=1, maximum=1024)


def gamma() -> Any:
    """Declare the discount factor."""
    return arg(0.99, "Discount factor of future rewards.", minimum=0, maximum=1)


def buffer_size(default: int) -> Any:
    """Declare the size of the replay buffer."""
    return arg(default, "Capacity of the replay buffer, in transitions.", minimum=1, log=True)


def batch_size(default: int) -> Any:
    """Declare the size of a sample."""
    return arg(default, "Transitions in each sample of the replay buffer.", minimum=1)


def learning_starts(default: int) -> Any:
    """Declare how long experience is only collected."""
    return arg(default, "Steps before the first update.", minimum=0, unit="steps")


def tau(default: float) -> Any:
    """Declare the weight of target updates."""
    text = "Share of the online network in each update of the target network."
    return arg(default, text, exclusive_minimum=0, maximum=1, log=True)


def target_network_frequency(default: int) -> Any:
    """Declare how often target networks follow."""
    return arg(default, "Steps between updates of the target network.", minimum=1, unit="steps")


def policy_frequency() -> Any:
    """Declare the delay of the policy's updates."""
    return arg(2, "Steps between updates of the policy.", minimum=1, unit="steps")
