"""What an environment was made from, so that it can be made again: its id and its arguments."""

from __future__ import annotations

import json
from typing import Any

#: Arguments that say how it is shown or how many there are, not what it is.
_LEFT_OUT = ("render_mode", "num_envs", "vectorization_mode", "vector_kwargs", "wrappers")


def describe_environment(env: Any) -> dict[str, Any]:
    """Return ``env_id`` and ``env_kwargs`` of an environment; empty where it does not tell, or JSON cannot hold them.

    ``vectorized`` is added to a vector that is one program of its own, whose environments share their random numbers.

    The id is as :mod:`~gym_gui.core.worker.envs.remaking` takes it: ``package:Name-v0`` for one that its package
    registers, ``family/name_v1`` for PettingZoo's.
    """
    try:
        spec = getattr(env, "spec", None)
        env_id, kwargs = _of_spec(spec) if spec is not None else _of_agents(env.unwrapped)
        kept = {str(name): value for name, value in kwargs.items() if name not in _LEFT_OUT}
        described: dict[str, Any] = {"env_id": env_id, "env_kwargs": json.loads(json.dumps(kept))}
        if hasattr(env, "num_envs") and type(env.unwrapped).__name__ not in ("SyncVectorEnv", "AsyncVectorEnv"):
            described["vectorized"] = True
        return described if env_id else {}
    except Exception:  # noqa: BLE001 - foreign attributes; a wrapper must not stop the training
        return {}


def _of_spec(spec: Any) -> tuple[str, dict[str, Any]]:
    """Return what Gymnasium's spec says, with the package that registers the environment."""
    entry = spec.entry_point
    module = entry.partition(":")[0] if isinstance(entry, str) else getattr(entry, "__module__", "")
    package = module.partition(".")[0]
    if package == "__main__":
        return "", {}
    own = package in ("", "gymnasium", "ale_py", "shimmy")
    return spec.id if own else f"{module}:{spec.id}", dict(spec.kwargs)


def _of_agents(inner: Any) -> tuple[str, dict[str, Any]]:
    """Return what one of PettingZoo's environments was made with, which it keeps where it can be pickled."""
    name = str(inner.metadata["name"])
    parts = type(inner).__module__.split(".")
    family = parts[1] if parts[0] == "pettingzoo" else parts[0]
    if inner._ezpickle_args:
        return "", {}
    return f"{family}/{name}", dict(inner._ezpickle_kwargs)


__all__ = ["describe_environment"]
