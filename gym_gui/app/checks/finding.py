"""One line of ``mosaic doctor``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """What a check found.

    Args:
        name: What was checked.
        verdict: ``ok``, ``doubtful`` (works, but read this) or ``broken``.
        detail: What is the case.
        next_step: What to do about it; where all is well, what more can be learned.
    """

    name: str
    verdict: Literal["ok", "doubtful", "broken"]
    detail: str
    next_step: str = ""
