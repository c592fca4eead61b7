"""The Qt window: starts runs and shows them. A client of a daemon anywhere; imports no Qt until it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.ui.extra import check_installed
    from gym_gui.ui.start import run_window
else:
    __getattr__ = lazy_names(__name__, {"check_installed": "extra", "run_window": "start"})

__all__ = ["check_installed", "run_window"]
