"""The telemetry proxy of a run: supervision and telemetry together, in a process of its own or a shared one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.proxy.manifests import remove_checkpoints
    from gym_gui.proxy.open_files import files_for_runs, files_of_run, most_open_files
    from gym_gui.proxy.proxy import EXIT_LOCKED, Proxy
    from gym_gui.proxy.reindex import reindex_run
    from gym_gui.proxy.shared import SharedProxies
    from gym_gui.proxy.summary import UNSUPERVISED_CAUSE, last_proxy_sign, read_state, read_summary
    from gym_gui.proxy.turn_mark import TurnMark
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "EXIT_LOCKED": "proxy",
            "Proxy": "proxy",
            "SharedProxies": "shared",
            "TurnMark": "turn_mark",
            "UNSUPERVISED_CAUSE": "summary",
            "files_for_runs": "open_files",
            "files_of_run": "open_files",
            "last_proxy_sign": "summary",
            "most_open_files": "open_files",
            "read_state": "summary",
            "read_summary": "summary",
            "reindex_run": "reindex",
            "remove_checkpoints": "manifests",
        },
    )

__all__ = [
    "EXIT_LOCKED",
    "UNSUPERVISED_CAUSE",
    "Proxy",
    "SharedProxies",
    "TurnMark",
    "files_for_runs",
    "files_of_run",
    "last_proxy_sign",
    "most_open_files",
    "read_state",
    "read_summary",
    "reindex_run",
    "remove_checkpoints",
]
