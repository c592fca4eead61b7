"""What a study came to, as a table: CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from gym_gui.fleet.study_state import ResultFile, ResultRow, StudyResults, safe_path

_COLUMNS = ("state", "run_id", "seed", "steps", "episodes", "mean_return", "seconds", "machine", "cause")


def result_table(results: StudyResults) -> tuple[Sequence[str], Sequence[Sequence[Any]]]:
    """Return header and rows: the number of each assignment, what was split, and its newest run."""
    keys = list(dict.fromkeys(key for row in results.rows for key in row.split))
    rows = []
    for row in results.rows:
        run = row.run
        seconds = None if run.started_at is None or run.ended_at is None else run.ended_at - run.started_at
        figures = (run.seed, run.steps, run.episodes, run.mean_return, seconds)
        rows.append(
            [
                row.index,
                *(_cell(row.split.get(key)) for key in keys),
                row.state,
                run.run_id,
                *figures,
                run.machine,
                run.cause,
            ]
        )
    header = ["index", *(f"split.{key}" for key in keys)]
    return [*header, *_COLUMNS], rows


def results_csv(results: StudyResults) -> str:
    """Return the results as CSV."""
    text = io.StringIO()
    header, rows = result_table(results)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def results_json(results: StudyResults) -> str:
    """Return the results as strict JSON: numbers that are not finite are text."""
    return json.dumps(_finite(msgspec.to_builtins(results)), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def named_files(results: StudyResults) -> Iterator[tuple[ResultRow, ResultFile, str]]:
    """Yield the files of a study's results with the names under which they are saved: safe, and each once."""
    taken: set[str] = set()
    for row in results.rows:
        for file in row.files:
            name = free = safe_path(row.index, file.path)
            number = 1
            while free.lower() in taken:  # some systems do not tell upper from lower case
                number += 1
                free = f"{name}~{number}"
            taken.add(free.lower())
            yield row, file, free


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list)) else value


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value
