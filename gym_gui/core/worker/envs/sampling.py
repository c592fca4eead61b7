"""Which episodes are recorded in full. Always whole episodes, so that what is stored can be replayed."""

from __future__ import annotations

from gym_gui.core.worker.errors import ConfigError, Problem


class EpisodeSampling:
    """A rule: all episodes, none, or every k-th.

    Args:
        rule: ``"all"``, ``"none"`` or ``"episodes:<k>"`` (episodes 0, k, 2k, …).
        name: What the rule is called in an error.

    Raises:
        ConfigError: The rule is none of the three.
    """

    def __init__(self, rule: str, *, name: str = "steps") -> None:
        self.rule = rule
        self._every = _every(rule)
        if self._every is None:
            allowed = "all, none, or episodes:<k> with k of at least 1"
            raise ConfigError(
                "the sampling rule is not valid", [Problem(name, "is not a sampling rule", value=rule, allowed=allowed)]
            )

    def picks(self, ep_index: int) -> bool:
        """Return whether an episode is recorded."""
        return bool(self._every) and ep_index % (self._every or 1) == 0


def _every(rule: str) -> int | None:
    if rule == "all":
        return 1
    if rule == "none":
        return 0
    head, _, number = str(rule).partition(":")
    if head == "episodes" and number.isascii() and number.isdigit() and int(number) > 0:
        return int(number)
    return None


__all__ = ["EpisodeSampling"]
