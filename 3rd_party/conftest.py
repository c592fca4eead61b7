"""Makes the worker packages importable for their own tests, also those that are installed elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path

_folder = Path(__file__).parent
# Last, so that an installed package comes first; the last folder has what the workers' tests share.
sys.path += [str(path) for path in (*sorted(_folder.glob("*_worker")), _folder / "tests") if str(path) not in sys.path]
