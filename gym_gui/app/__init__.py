"""What user interfaces share: places to run, preflight, following runs, reading logs, figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.app._devices import DeviceNotes, devices_of
    from gym_gui.app._ports import check_port
    from gym_gui.app._supervised import ensure_supervised
    from gym_gui.app._worker_place import WorkerPlace
    from gym_gui.app.checks import all_checks
    from gym_gui.app.documents import DOCUMENTS, definitions_of, schemas
    from gym_gui.app.follow import Follower
    from gym_gui.app.json_output import NON_FINITE, summary_json, to_json
    from gym_gui.app.log_reader import LogReader, last_lines, line_text, readable_line, readable_text, tell_dropped
    from gym_gui.app.paged_log import PagedLog
    from gym_gui.app.policies import Policies, Policy, find_policies
    from gym_gui.app.progress import (
        RunProgress,
        average_rate,
        description_text,
        episodes_of,
        eval_episodes_of,
        labels_of,
        nan_text,
        return_label,
        spread_text,
        worker_as_run,
    )
    from gym_gui.app.relatives import Relative, watch_relatives
    from gym_gui.app.run_columns import (
        LIST_COLUMNS,
        ListColumn,
        ListRow,
        elapsed,
        list_column,
        progress_text,
        state_text,
    )
    from gym_gui.app.run_figures import describe_episodes, figures_of_run, without_curve
    from gym_gui.app.run_list import GROUPINGS, FurtherColumns, ListLayout, further_columns, read_layout, save_layout
    from gym_gui.app.site import LocalSite, RemoteSite, Site
    from gym_gui.app.standing import standing_lines
    from gym_gui.app.study_results import SavedResults, save_results
    from gym_gui.app.video import check_output, open_sink
    from gym_gui.app.worker_jobs import check_here, install_here, remove_here
    from gym_gui.app.worker_list import WorkerEntry, worker_entries
    from gym_gui.app.worker_rows import WorkerRow, rows_of_workers
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "Relative": "relatives",
            "watch_relatives": "relatives",
            "WorkerRow": "worker_rows",
            "rows_of_workers": "worker_rows",
            "describe_episodes": "run_figures",
            "figures_of_run": "run_figures",
            "without_curve": "run_figures",
            "DOCUMENTS": "documents",
            "DeviceNotes": "_devices",
            "Follower": "follow",
            "FurtherColumns": "run_list",
            "GROUPINGS": "run_list",
            "ListLayout": "run_list",
            "LocalSite": "site",
            "LogReader": "log_reader",
            "NON_FINITE": "json_output",
            "PagedLog": "paged_log",
            "Policies": "policies",
            "Policy": "policies",
            "RemoteSite": "site",
            "RunProgress": "progress",
            "SavedResults": "study_results",
            "Site": "site",
            "save_results": "study_results",
            "WorkerEntry": "worker_list",
            "WorkerPlace": "_worker_place",
            "all_checks": "checks",
            "average_rate": "progress",
            "check_output": "video",
            "check_here": "worker_jobs",
            "check_port": "_ports",
            "definitions_of": "documents",
            "description_text": "progress",
            "devices_of": "_devices",
            "ensure_supervised": "_supervised",
            "episodes_of": "progress",
            "eval_episodes_of": "progress",
            "find_policies": "policies",
            "further_columns": "run_list",
            "install_here": "worker_jobs",
            "labels_of": "progress",
            "last_lines": "log_reader",
            "line_text": "log_reader",
            "nan_text": "progress",
            "open_sink": "video",
            "read_layout": "run_list",
            "readable_line": "log_reader",
            "readable_text": "log_reader",
            "remove_here": "worker_jobs",
            "return_label": "progress",
            "save_layout": "run_list",
            "schemas": "documents",
            "spread_text": "progress",
            "standing_lines": "standing",
            "summary_json": "json_output",
            "tell_dropped": "log_reader",
            "to_json": "json_output",
            "LIST_COLUMNS": "run_columns",
            "ListColumn": "run_columns",
            "ListRow": "run_columns",
            "elapsed": "run_columns",
            "list_column": "run_columns",
            "progress_text": "run_columns",
            "state_text": "run_columns",
            "worker_as_run": "progress",
            "worker_entries": "worker_list",
        },
    )

__all__ = [
    "DOCUMENTS",
    "GROUPINGS",
    "LIST_COLUMNS",
    "NON_FINITE",
    "DeviceNotes",
    "Follower",
    "FurtherColumns",
    "ListColumn",
    "ListLayout",
    "ListRow",
    "LocalSite",
    "LogReader",
    "PagedLog",
    "Policies",
    "Policy",
    "Relative",
    "RemoteSite",
    "RunProgress",
    "SavedResults",
    "Site",
    "WorkerEntry",
    "WorkerPlace",
    "WorkerRow",
    "all_checks",
    "average_rate",
    "check_here",
    "check_output",
    "check_port",
    "definitions_of",
    "describe_episodes",
    "description_text",
    "devices_of",
    "elapsed",
    "ensure_supervised",
    "episodes_of",
    "eval_episodes_of",
    "figures_of_run",
    "find_policies",
    "further_columns",
    "install_here",
    "labels_of",
    "last_lines",
    "line_text",
    "list_column",
    "nan_text",
    "open_sink",
    "progress_text",
    "read_layout",
    "readable_line",
    "readable_text",
    "remove_here",
    "return_label",
    "rows_of_workers",
    "save_layout",
    "save_results",
    "schemas",
    "spread_text",
    "standing_lines",
    "state_text",
    "summary_json",
    "tell_dropped",
    "to_json",
    "watch_relatives",
    "without_curve",
    "worker_as_run",
    "worker_entries",
]
