"""What of an agent changes in a training, beside its networks: all that a resumed one has to have back."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

#: Numbers of an agent that change, where it has them.
_NUMBERS = ("current_step", "e_greedy", "egreedy", "noise_scale", "gradient_step")
_ARRAYS = ("current_episode", "returns")
_STATISTICS = ("obs_rms", "ret_rms")


def capture(agent: Any) -> dict[str, Any]:
    """Return an agent's state.

    Args:
        agent: XuanCe's agent.
    """
    learner = agent.learner
    return {
        "numbers": {name: getattr(agent, name) for name in _NUMBERS if hasattr(agent, name)},
        "arrays": {name: np.array(getattr(agent, name)) for name in _ARRAYS if hasattr(agent, name)},
        "statistics": {name: dict(vars(getattr(agent, name))) for name in _STATISTICS if hasattr(agent, name)},
        "iterations": int(getattr(learner, "iterations", 0)),
        "learner": {name: saved for name, part in _parts(learner) if (saved := _capture(part)) is not None},
        "random": {
            "python": random.getstate(),
            "numpy": np.random.get_state(),
            "torch": torch.get_rng_state(),
        },
    }


def restore(agent: Any, state: dict[str, Any]) -> None:
    """Bring an agent that was just built back to a state of :func:`capture`.

    Args:
        agent: XuanCe's agent.
        state: The state.

    Raises:
        KeyError: The state is that of another kind of agent.
        RuntimeError: Its networks are others.
        ValueError: Its optimizers are others.
    """
    for name, value in state["numbers"].items():
        setattr(agent, name, value)
    for name, value in state["arrays"].items():
        if np.shape(getattr(agent, name)) == value.shape:  # as many environments as before
            setattr(agent, name, value)
    for name, values in state["statistics"].items():
        vars(getattr(agent, name)).update(values)
    agent.learner.iterations = state["iterations"]
    for name, part in _parts(agent.learner):
        if name in state["learner"]:
            setattr(agent.learner, name, _restored(part, state["learner"][name]))
    random.setstate(state["random"]["python"])
    np.random.set_state(state["random"]["numpy"])
    torch.set_rng_state(state["random"]["torch"])


def set_learning_rate(agent: Any, rate: float) -> None:
    """Set the learning rate of all of an agent's optimizers."""
    for _, part in _parts(agent.learner):
        for optimizer in _flat(part):
            if isinstance(optimizer, torch.optim.Optimizer):
                for group in optimizer.param_groups:
                    group["lr"] = rate


def _parts(learner: Any) -> list[tuple[str, Any]]:
    return [(name, part) for name, part in vars(learner).items() if name not in ("policy", "config", "callback")]


def _flat(part: Any) -> list[Any]:
    if isinstance(part, dict):
        return [each for value in part.values() for each in _flat(value)]
    if isinstance(part, (list, tuple)):
        return [each for value in part for each in _flat(value)]
    return [part]


def _stateful(part: Any) -> bool:
    return callable(getattr(part, "state_dict", None)) and callable(getattr(part, "load_state_dict", None))


def _capture(part: Any) -> Any:
    """Return the state of optimizers, schedulers, modules and tensors, however they are grouped; else ``None``."""
    if _stateful(part):
        return part.state_dict()
    if isinstance(part, torch.Tensor):
        return part.detach().clone()
    if isinstance(part, dict) and part:
        found = {key: _capture(value) for key, value in part.items()}
        return found if any(value is not None for value in found.values()) else None
    if isinstance(part, (list, tuple)) and part:
        listed = [_capture(value) for value in part]
        return listed if any(value is not None for value in listed) else None
    return None


def _restored(part: Any, saved: Any) -> Any:
    """Return a part of the learner with a state of :func:`_capture`: most of them are changed in place."""
    if saved is None:
        return part
    if _stateful(part):
        part.load_state_dict(saved)
    elif isinstance(part, torch.Tensor):
        if part.grad_fn is not None:  # follows from another: the next loss goes through it, so it is replaced instead
            return saved.to(part.device)
        with torch.no_grad():
            part.copy_(saved)
    elif isinstance(part, dict):
        for key in list(part):
            part[key] = _restored(part[key], saved[key])
    elif isinstance(part, list):
        part[:] = [_restored(value, one) for value, one in zip(part, saved, strict=True)]
    return part
