"""How things look in every user interface: colours, states, series, numbers. Imports the standard library alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.look.figures import moment
    from gym_gui.look.palette import COLOURS, Role, Theme, css
    from gym_gui.look.series import LOOKS, series_look
    from gym_gui.look.states import STATES
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "COLOURS": "palette",
            "LOOKS": "series",
            "Role": "palette",
            "STATES": "states",
            "Theme": "palette",
            "css": "palette",
            "moment": "figures",
            "series_look": "series",
        },
    )

__all__ = [
    "COLOURS",
    "LOOKS",
    "STATES",
    "Role",
    "Theme",
    "css",
    "moment",
    "series_look",
]
