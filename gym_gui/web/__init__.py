"""The web dashboard: pages for browsers, and the HTTP interface that they use. A client of a daemon anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.web.access import Role
    from gym_gui.web.backend import Backend
    from gym_gui.web.extra import check_installed
    from gym_gui.web.front import create_app
    from gym_gui.web.server import Listening, serve
    from gym_gui.web.tokens import TokenStore
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "Backend": "backend",
            "Listening": "server",
            "Role": "access",
            "TokenStore": "tokens",
            "check_installed": "extra",
            "create_app": "front",
            "serve": "server",
        },
    )

__all__ = [
    "Backend",
    "Listening",
    "Role",
    "TokenStore",
    "check_installed",
    "create_app",
    "serve",
]
