"""The ``mosaic`` command: a thin client of the daemon and of the run folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.cli.reference import cli_page
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "cli_page": "reference",
        },
    )

__all__ = [
    "cli_page",
]
