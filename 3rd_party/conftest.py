"""Makes the worker packages importable for their own tests, also those that are installed elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

for _package in sorted(Path(__file__).parent.glob("*_worker")):
    if str(_package) not in sys.path:
        # Last, so that an installed package comes first.
        sys.path.append(str(_package))
