"""Tells whether a run's supervisor gets on with its work, from signs that it gives (pure: signs and times in)."""

from __future__ import annotations

from collections.abc import Hashable

#: The longest time between two looks that counts in full, seconds: while nobody looked, there was no silence.
LONGEST_LOOK_S = 5.0


class Progress:
    """One supervisor, looked at again and again.

    Args:
        patience_s: How long it may go without a sign; 0: for ever.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._silent_s = 0.0
        self._sign: Hashable = None
        self._looked_at: float | None = None

    def hangs(self, now: float, sign: Hashable) -> bool:
        """Take in a look; return whether it has given no sign for too long.

        Args:
            now: Monotonic time, seconds.
            sign: What differs from that of the look before if there was a sign in between.
        """
        elapsed = 0.0 if self._looked_at is None else min(max(0.0, now - self._looked_at), LONGEST_LOOK_S)
        self._looked_at = now
        if sign != self._sign:
            self._sign, self._silent_s = sign, 0.0
        else:
            self._silent_s += elapsed
        return 0 < self._patience_s < self._silent_s
