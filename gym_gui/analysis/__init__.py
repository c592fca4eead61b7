"""Queries, curves, plots, continuations and archives of runs on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.analysis._continuation import Continuation, continue_run
    from gym_gui.analysis._selection import EndedRunFilter, folder_bytes, select_runs
    from gym_gui.analysis.archive import archive_run, find_archive, restore_run
    from gym_gui.analysis.deletion import check_deletable, delete_run
    from gym_gui.analysis.folder_runs import FolderRuns
    from gym_gui.analysis.interpreters import pythons_in_use
    from gym_gui.analysis.plot import check_matplotlib, plot_learning_curve
    from gym_gui.analysis.queries import get_run, get_run_summary, list_runs, resolve_run, run_ids, short_id_length
    from gym_gui.analysis.run_source import RunSource
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "Continuation": "_continuation",
            "EndedRunFilter": "_selection",
            "FolderRuns": "folder_runs",
            "RunSource": "run_source",
            "archive_run": "archive",
            "check_deletable": "deletion",
            "check_matplotlib": "plot",
            "continue_run": "_continuation",
            "delete_run": "deletion",
            "find_archive": "archive",
            "folder_bytes": "_selection",
            "get_run": "queries",
            "get_run_summary": "queries",
            "list_runs": "queries",
            "plot_learning_curve": "plot",
            "pythons_in_use": "interpreters",
            "resolve_run": "queries",
            "restore_run": "archive",
            "run_ids": "queries",
            "select_runs": "_selection",
            "short_id_length": "queries",
        },
    )

__all__ = [
    "Continuation",
    "EndedRunFilter",
    "FolderRuns",
    "RunSource",
    "archive_run",
    "check_deletable",
    "check_matplotlib",
    "continue_run",
    "delete_run",
    "find_archive",
    "folder_bytes",
    "get_run",
    "get_run_summary",
    "list_runs",
    "plot_learning_curve",
    "pythons_in_use",
    "resolve_run",
    "restore_run",
    "run_ids",
    "select_runs",
    "short_id_length",
]
