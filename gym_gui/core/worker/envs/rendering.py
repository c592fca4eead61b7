"""Pictures of environments of any kind, and the reason where there are none."""

from __future__ import annotations

from typing import Any, Callable

#: Environments of one picture at most.
MAX_TILES = 16
#: Why environments of a class could not be made so that they render.
_refusals: dict[type, str] = {}


def make_rendered(make: Callable[..., Any], render: str, /, *args: Any, **kwargs: Any) -> Any:
    """Make an environment, such that its pictures can be taken if that is wanted and possible.

    Where it cannot be made with ``render_mode="rgb_array"``, it is made without; :class:`Pictures` then says
    the reason.

    Args:
        make: Makes it, such as ``gymnasium.make``.
        render: ``"on"``, or ``"off"``: made as it is without this function.
        args: What it is made with.
        kwargs: What it is made with. A ``render_mode`` among them is kept.
    """
    if render != "on" or "render_mode" in kwargs:
        return make(*args, **kwargs)
    _prepare()
    try:
        env = make(*args, render_mode="rgb_array", **kwargs)
    except Exception as error:  # noqa: BLE001 - whatever an environment's constructor raises
        env, why = make(*args, **kwargs), f"it cannot be made with render_mode='rgb_array': {_text(error)}"
    else:
        modes = _metadata(env).get("render_modes")
        if not isinstance(modes, (list, tuple)) or "rgb_array" in modes:
            return env
        env.close()
        env, why = make(*args, **kwargs), f"it renders {', '.join(map(str, modes)) or 'nothing'}, and no rgb_array"
    _refusals[_kind(env)] = why
    return env


class Pictures:
    """Takes pictures of an environment.

    Args:
        env: Of Gymnasium (one or a vector), of PettingZoo, or a vector of Stable-Baselines3.

    Attributes:
        count: Environments in it.
        refusal: Why there are no pictures; empty: there are.
    """

    def __init__(self, env: Any) -> None:
        self._env = env
        self.count = int(getattr(env, "num_envs", 1) or 1)
        self._asks = callable(getattr(env, "env_method", None))
        self.refusal = self._find_refusal()

    def take(self, place: int | None = None) -> list[Any]:
        """Return pictures, one an environment and at most `MAX_TILES`; of one alone with ``place``."""
        if place is not None:
            place = min(place, self.count - 1)
        if self._asks:  # a vector of Stable-Baselines3, whose environments may live in processes of their own
            places = list(range(min(self.count, MAX_TILES))) if place is None else [place]
            return list(self._env.env_method("render", indices=places))
        if not hasattr(self._env, "num_envs"):
            return [self._env.render()]
        members = getattr(getattr(self._env, "unwrapped", self._env), "envs", None)
        if isinstance(members, (list, tuple)):
            return [env.render() for env in (members[:MAX_TILES] if place is None else [members[place]])]
        pictures = list(self._env.render())
        return pictures[:MAX_TILES] if place is None else [pictures[place]]

    def _find_refusal(self) -> str:
        mode = getattr(self._env, "render_mode", None)
        if mode is None and self._asks:
            mode = self._env.get_attr("render_mode", indices=[0])[0]
        if mode == "rgb_array":
            return ""
        if mode is not None:
            return f"its render_mode is {mode!r}; take that out of env_kwargs"
        return _refusals.get(_kind(self._env)) or next(iter(_refusals.values()), "it was made without a render_mode")


def _prepare() -> None:
    """Keep pygame, which many environments draw with, from opening windows and from printing."""
    import os

    os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
    os.environ.setdefault("SDL_AUDIODRIVER", "dummy")
    if not os.environ.get("DISPLAY") and not os.environ.get("WAYLAND_DISPLAY"):
        os.environ.setdefault("SDL_VIDEODRIVER", "dummy")


def _metadata(env: Any) -> dict[str, Any]:
    metadata = getattr(env, "metadata", None)
    return metadata if isinstance(metadata, dict) else {}


def _kind(env: Any) -> type:
    return type(getattr(env, "unwrapped", env))


def _text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".strip().split("\n")[0][:400]


__all__ = ["MAX_TILES", "Pictures", "make_rendered"]
