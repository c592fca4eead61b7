"""When to replace a proxy that died before its run had ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass

#: A proxy that lived this long had started well: its death counts as the first again.
SETTLED_S = 60.0
#: So many early deaths in a row are no accident.
LIMIT = 6
_FIRST_S = 0.25
_LONGEST_S = 30.0


@dataclass
class Restarts:
    """Counts the deaths of one run's proxies."""

    deaths: int = 0

    def after(self, lived_s: float) -> float | None:
        """Return the seconds to wait before the next start, or ``None`` to give up.

        Args:
            lived_s: How long the proxy that has just died had lived.
        """
        self.deaths = 1 if lived_s >= SETTLED_S else self.deaths + 1
        if self.deaths > LIMIT:
            return None
        return 0.0 if self.deaths == 1 else min(_LONGEST_S, _FIRST_S * 2.0 ** (self.deaths - 1))
