"""Which of an algorithm's policies fits an environment's observations."""

from __future__ import annotations

from typing import Any

from gymnasium import spaces

_SIMPLE = (spaces.Box, spaces.Discrete, spaces.MultiDiscrete, spaces.MultiBinary)
KINDS = ("Mlp", "Cnn", "MultiInput")


def kind_for(space: Any) -> str:
    """Return the kind of networks that fits observations: ``Mlp``, ``Cnn`` or ``MultiInput``."""
    from stable_baselines3.common.preprocessing import is_image_space

    if isinstance(space, spaces.Dict):
        return "MultiInput"
    return "Cnn" if is_image_space(space) else "Mlp"


def find_policy(algorithm: Any, wanted: str) -> str | None:
    """Return the name of an algorithm's policy, or ``None`` if it has none such.

    Args:
        algorithm: Its class.
        wanted: A kind (``Mlp``) or a full name (``MlpLstmPolicy``); capitals do not matter.
    """
    names = list(algorithm.policy_aliases)
    plain = wanted.lower().replace("_", "")
    exact = [name for name in names if name.lower() == plain]
    kind = [name for name in names if plain in (known.lower() for known in KINDS) and name.lower().startswith(plain)]
    return next(iter(exact or kind), None)


def observation_fault(space: Any, stacked: bool) -> str | None:
    """Return why no policy can take observations of a space, or ``None``."""
    if isinstance(space, spaces.Dict):
        nested = [name for name, part in space.spaces.items() if isinstance(part, (spaces.Dict, spaces.Tuple))]
        if nested:
            return f"a dictionary within a dictionary ({', '.join(nested)})"
        other = [name for name, part in space.spaces.items() if not isinstance(part, _SIMPLE)]
        return (
            f"a dictionary with {type(space[other[0]]).__name__} observations ({', '.join(other)})" if other else None
        )
    if not isinstance(space, _SIMPLE):
        return f"{type(space).__name__} observations"
    if stacked and not isinstance(space, spaces.Box):
        return f"stacked {type(space).__name__} observations"
    return None
