"""From what workers print to rows in a run's database, exactly once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gym_gui.core.lazy_names import lazy_names

if TYPE_CHECKING:
    from gym_gui.telemetry._episode_reader import EpisodeReader
    from gym_gui.telemetry.agents import returns_of
    from gym_gui.telemetry.aliases import KIND_ALIASES, alias_rows, aliased_value
    from gym_gui.telemetry.curve import MAX_BUCKETS, Curve, best_mean, pooled_spread
    from gym_gui.telemetry.errors import DatabaseGone, DiskFull, Fenced, InvalidTelemetry, OldSchema, TelemetryError
    from gym_gui.telemetry.fields import KIND_KEYS, is_telemetry
    from gym_gui.telemetry.ingest import Ingestor
    from gym_gui.telemetry.kept_database import FileMark
    from gym_gui.telemetry.limits import END_OF_TIME, LIFECYCLE_KINDS
    from gym_gui.telemetry.reader import MAX_ROWS, RunReader, last_episode_index, reading
    from gym_gui.telemetry.records import EpisodeRollup, EventRecord, MetricPoint, QuarantineRecord, StepRecord
    from gym_gui.telemetry.reindex import (
        ReindexReport,
        move_database_away,
        open_ingestor,
        rebuild_database,
        schema_version_of,
    )
    from gym_gui.telemetry.rollup import WorkerRollup
    from gym_gui.telemetry.row_stream import (
        PAGE_ROWS,
        ROW_KINDS,
        LogPosition,
        RowBatch,
        RowCursor,
        RowGap,
        RowStream,
        edge_of,
        is_cursor_behind,
    )
    from gym_gui.telemetry.rowid import ATTEMPT_SHIFT, row_id, row_id_range, row_place
    from gym_gui.telemetry.salvage import salvage_objects
    from gym_gui.telemetry.schema import INSERTS, TABLES, check_schema
    from gym_gui.telemetry.spans import SPAN_LEVELS, SPAN_ROWS, Span, SpanWriter, span_rows
    from gym_gui.telemetry.step_rows import StepRows, unpack_steps
    from gym_gui.telemetry.timestamps import legal_time, unix_seconds
    from gym_gui.telemetry.verify import verify_run
else:
    __getattr__ = lazy_names(
        __name__,
        {
            "ATTEMPT_SHIFT": "rowid",
            "Curve": "curve",
            "DatabaseGone": "errors",
            "DiskFull": "errors",
            "END_OF_TIME": "limits",
            "EpisodeReader": "_episode_reader",
            "EpisodeRollup": "records",
            "EventRecord": "records",
            "Fenced": "errors",
            "FileMark": "kept_database",
            "INSERTS": "schema",
            "Ingestor": "ingest",
            "InvalidTelemetry": "errors",
            "KIND_ALIASES": "aliases",
            "KIND_KEYS": "fields",
            "LIFECYCLE_KINDS": "limits",
            "LogPosition": "row_stream",
            "MAX_BUCKETS": "curve",
            "MAX_ROWS": "reader",
            "MetricPoint": "records",
            "OldSchema": "errors",
            "PAGE_ROWS": "row_stream",
            "QuarantineRecord": "records",
            "ROW_KINDS": "row_stream",
            "ReindexReport": "reindex",
            "RowBatch": "row_stream",
            "RowCursor": "row_stream",
            "RowGap": "row_stream",
            "RowStream": "row_stream",
            "RunReader": "reader",
            "SPAN_LEVELS": "spans",
            "SPAN_ROWS": "spans",
            "Span": "spans",
            "SpanWriter": "spans",
            "StepRecord": "records",
            "StepRows": "step_rows",
            "TABLES": "schema",
            "TelemetryError": "errors",
            "WorkerRollup": "rollup",
            "alias_rows": "aliases",
            "aliased_value": "aliases",
            "best_mean": "curve",
            "check_schema": "schema",
            "edge_of": "row_stream",
            "is_cursor_behind": "row_stream",
            "is_telemetry": "fields",
            "legal_time": "timestamps",
            "move_database_away": "reindex",
            "open_ingestor": "reindex",
            "pooled_spread": "curve",
            "last_episode_index": "reader",
            "reading": "reader",
            "rebuild_database": "reindex",
            "returns_of": "agents",
            "row_id": "rowid",
            "row_id_range": "rowid",
            "row_place": "rowid",
            "salvage_objects": "salvage",
            "schema_version_of": "reindex",
            "span_rows": "spans",
            "unix_seconds": "timestamps",
            "unpack_steps": "step_rows",
            "verify_run": "verify",
        },
    )

__all__ = [
    "ATTEMPT_SHIFT",
    "END_OF_TIME",
    "INSERTS",
    "KIND_ALIASES",
    "KIND_KEYS",
    "LIFECYCLE_KINDS",
    "MAX_BUCKETS",
    "MAX_ROWS",
    "PAGE_ROWS",
    "ROW_KINDS",
    "SPAN_LEVELS",
    "SPAN_ROWS",
    "TABLES",
    "Curve",
    "DatabaseGone",
    "DiskFull",
    "EpisodeReader",
    "EpisodeRollup",
    "EventRecord",
    "Fenced",
    "FileMark",
    "Ingestor",
    "InvalidTelemetry",
    "LogPosition",
    "MetricPoint",
    "OldSchema",
    "QuarantineRecord",
    "ReindexReport",
    "RowBatch",
    "RowCursor",
    "RowGap",
    "RowStream",
    "RunReader",
    "Span",
    "SpanWriter",
    "StepRecord",
    "StepRows",
    "TelemetryError",
    "WorkerRollup",
    "alias_rows",
    "aliased_value",
    "best_mean",
    "check_schema",
    "edge_of",
    "is_cursor_behind",
    "is_telemetry",
    "last_episode_index",
    "legal_time",
    "move_database_away",
    "open_ingestor",
    "pooled_spread",
    "reading",
    "rebuild_database",
    "returns_of",
    "row_id",
    "row_id_range",
    "row_place",
    "salvage_objects",
    "schema_version_of",
    "span_rows",
    "unix_seconds",
    "unpack_steps",
    "verify_run",
]
