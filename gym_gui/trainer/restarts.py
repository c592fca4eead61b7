"""When to replace a proxy that died before its run had ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass

#: A proxy that lived this long had started well: its death counts as the first again, seconds.
SETTLED_S = 5.0
#: More early deaths in a row than this are no accident.
LIMIT = 12
_SECOND_S = 0.1
_LONGEST_S = 30.0


@dataclass
class Restarts:
    """Counts the early deaths of one run's proxies."""

    deaths: int = 0

    @property
    def hopeless(self) -> bool:
        """Whether another start would end like those before."""
        return self.deaths > LIMIT

    def after(self, lived_s: float) -> float:
        """Return the seconds to wait before the next start: none at first, then twice as many each time.

        Args:
            lived_s: How long the proxy that has just died had lived.
        """
        self.deaths = 1 if lived_s >= SETTLED_S else self.deaths + 1
        return 0.0 if self.deaths == 1 else min(_LONGEST_S, _SECOND_S * 2.0 ** min(self.deaths - 2, LIMIT))
