"""What can be read of a home's runs: lists by query, series, episodes, files. Read-only, in plain types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.reading.checkpoints import (
        Checkpoint,
        check_file,
        find_checkpoint,
        has_checkpoint,
        last_checkpoint,
        saved_checkpoints,
    )
    from gym_gui.reading.curves import Line, band_of, curve_of, line_of, smoothed
    from gym_gui.reading.details import RunDetails, read_details
    from gym_gui.reading.differences import differing_settings
    from gym_gui.reading.episodes import EpisodePage, EpisodeQuery, read_episodes, read_steps
    from gym_gui.reading.fields import FIELDS, NO_FACTS, Entry, Kind, PlanFacts, find_field
    from gym_gui.reading.files import MAX_BYTES, FileListing, list_files, media_type, read_file
    from gym_gui.reading.pages import GroupRow, Page, RunRow, SearchUpdate, Spread, update_between
    from gym_gui.reading.plan_index import PlanIndex
    from gym_gui.reading.search import DEFAULT_SORT, MAX_PAGE, Search, prepare, search_runs
    from gym_gui.reading.series import (
        DEFAULT_POINTS,
        Series,
        SeriesName,
        SeriesRequest,
        check_series,
        check_size,
        read_series,
        require_found,
        series_names,
    )
    from gym_gui.reading.thinning import SeriesLine
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "Checkpoint": "checkpoints",
            "DEFAULT_POINTS": "series",
            "DEFAULT_SORT": "search",
            "Entry": "fields",
            "EpisodePage": "episodes",
            "EpisodeQuery": "episodes",
            "FIELDS": "fields",
            "FileListing": "files",
            "GroupRow": "pages",
            "Kind": "fields",
            "Line": "curves",
            "MAX_BYTES": "files",
            "MAX_PAGE": "search",
            "NO_FACTS": "fields",
            "Page": "pages",
            "PlanFacts": "fields",
            "PlanIndex": "plan_index",
            "RunDetails": "details",
            "RunRow": "pages",
            "Search": "search",
            "SearchUpdate": "pages",
            "Series": "series",
            "SeriesLine": "thinning",
            "SeriesName": "series",
            "SeriesRequest": "series",
            "Spread": "pages",
            "band_of": "curves",
            "check_file": "checkpoints",
            "check_series": "series",
            "check_size": "series",
            "curve_of": "curves",
            "differing_settings": "differences",
            "find_checkpoint": "checkpoints",
            "find_field": "fields",
            "has_checkpoint": "checkpoints",
            "last_checkpoint": "checkpoints",
            "line_of": "curves",
            "list_files": "files",
            "media_type": "files",
            "prepare": "search",
            "read_details": "details",
            "read_episodes": "episodes",
            "read_file": "files",
            "read_series": "series",
            "read_steps": "episodes",
            "require_found": "series",
            "saved_checkpoints": "checkpoints",
            "search_runs": "search",
            "series_names": "series",
            "smoothed": "curves",
            "update_between": "pages",
        },
    )

__all__ = [
    "DEFAULT_POINTS",
    "DEFAULT_SORT",
    "FIELDS",
    "MAX_BYTES",
    "MAX_PAGE",
    "NO_FACTS",
    "Checkpoint",
    "Entry",
    "EpisodePage",
    "EpisodeQuery",
    "FileListing",
    "GroupRow",
    "Kind",
    "Line",
    "Page",
    "PlanFacts",
    "PlanIndex",
    "RunDetails",
    "RunRow",
    "Search",
    "SearchUpdate",
    "Series",
    "SeriesLine",
    "SeriesName",
    "SeriesRequest",
    "Spread",
    "band_of",
    "check_file",
    "check_series",
    "check_size",
    "curve_of",
    "differing_settings",
    "find_checkpoint",
    "find_field",
    "has_checkpoint",
    "last_checkpoint",
    "line_of",
    "list_files",
    "media_type",
    "prepare",
    "read_details",
    "read_episodes",
    "read_file",
    "read_series",
    "read_steps",
    "require_found",
    "saved_checkpoints",
    "search_runs",
    "series_names",
    "smoothed",
    "update_between",
]
