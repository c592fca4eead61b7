"""What of an agent changes in a training, beside its networks: all that a resumed one has to have back."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch

#: Numbers of an agent that change, where it has them.
_NUMBERS = ("current_step", "e_greedy", "egreedy", "noise_scale", "gradient_step", "PER_beta")
#: Those of a learner.
_LEARNER_NUMBERS = ("iterations", "policy_iterations", "value_iterations", "kl_coef")
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
        "learner_numbers": {name: getattr(learner, name) for name in _LEARNER_NUMBERS if hasattr(learner, name)},
        "learner": {name: saved for name, part in _parts(learner) if (saved := _capture(part)) is not None},
        "random": {
            "python": random.getstate(),
            "numpy": np.random.get_state(),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if str(agent.device).startswith("cuda") else [],
        },
    }


def restore(agent: Any, state: dict[str, Any]) -> None:
    """Bring an agent that was just built back to a state of :func:`capture`.

    Learning rates that it was built with hold, each at the place in its schedule that the state has.

    Args:
        agent: XuanCe's agent.
        state: The state.

    Raises:
        KeyError: The state is that of another kind of agent.
        RuntimeError: Its networks are others.
        ValueError: Its optimizers are others.
    """
    rates = [_rate(group) for group in _groups(agent.learner)]
    for name, value in state["numbers"].items():
        setattr(agent, name, value)
    for name, value in state["arrays"].items():
        if np.shape(getattr(agent, name)) == value.shape:  # as many environments as before
            setattr(agent, name, value)
    for name, values in state["statistics"].items():
        vars(getattr(agent, name)).update(values)
    for name, value in state["learner_numbers"].items():
        setattr(agent.learner, name, value)
    for name, part in _parts(agent.learner):
        if name in state["learner"]:
            setattr(agent.learner, name, _restored(part, state["learner"][name]))
    for group, rate in zip(_groups(agent.learner), rates, strict=True):
        _set_rate(group, rate)
    random.setstate(state["random"]["python"])
    np.random.set_state(state["random"]["numpy"])
    torch.set_rng_state(state["random"]["torch"])
    for device, saved in zip(range(torch.cuda.device_count()), state["random"]["cuda"], strict=False):
        torch.cuda.set_rng_state(saved, device)


def _groups(learner: Any) -> list[dict[str, Any]]:
    """Return the parameter groups of all of a learner's optimizers."""
    parts = [each for _, part in _parts(learner) for each in _flat(part)]
    return [group for part in parts if isinstance(part, torch.optim.Optimizer) for group in part.param_groups]


def _rate(group: dict[str, Any]) -> float:
    """Return the learning rate that a group's schedule begins with."""
    return float(group.get("initial_lr", group["lr"]))


def _set_rate(group: dict[str, Any], rate: float) -> None:
    before = _rate(group)
    if rate != before:
        group["lr"] = rate * (group["lr"] / before if before else 1.0)
        group["initial_lr"] = rate


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
    """Return the state of optimizers, schedulers, modules and tensors, however they are grouped; else ``None``.

    It is in the machine's memory: a checkpoint of a GPU can be read on a machine without one.
    """
    if _stateful(part):
        return _in_memory(part.state_dict())
    if isinstance(part, torch.Tensor):
        return _in_memory(part)
    if isinstance(part, dict) and part:
        found = {key: _capture(value) for key, value in part.items()}
        return found if any(value is not None for value in found.values()) else None
    if isinstance(part, (list, tuple)) and part:
        listed = [_capture(value) for value in part]
        return listed if any(value is not None for value in listed) else None
    return None


def _in_memory(value: Any) -> Any:
    """Return a state with all its tensors in the machine's memory, off any GPU."""
    if isinstance(value, torch.Tensor):
        return value.detach().to("cpu", copy=True)
    if isinstance(value, dict):
        return {key: _in_memory(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_in_memory(each) for each in value)
    return value


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
