"""What is printed once runs have ended: a table, and for a failed one its cause and the end of its error output."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gym_gui.cli import figures
from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.palette import BAD, GOOD, QUIET, STATE_STYLES
from gym_gui.cli.progress.model import as_run, average_rate, episodes_of, labels_of, return_of
from gym_gui.cli.table import LUXURY, Column, add_row, print_table
from gym_gui.core.regular_files import open_stream

if TYPE_CHECKING:
    from rich.console import Console

    from gym_gui.runs.summary import RunSummary

TAIL_LINES = 12
_TAIL_BYTES = 64 << 10


def show_results(console: Console, runs: list[RunSummary]) -> None:
    """Print the results of runs side by side, and below each run's ledger."""
    for columns, footnote in (
        (_results(runs), "¹ mean of the last training episodes (at most 100 a worker), else of the evaluation"),
        (_ledgers(runs), "² that the workers printed: lines = stored + log + quarantined"),
    ):
        console.print()
        print_table(console, columns)
        console.print(footnote, style=QUIET)
    for run in runs:
        if run.ledger.quarantined:
            console.print(for_this_home(f"what was kept aside, and why: mosaic runs logs {run.run_id} --quarantine"))


def _results(runs: list[RunSummary]) -> list[Column]:
    from gym_gui.cli.output import rich_text

    columns = [
        Column("run", shortest=8), Column("state"), Column("return¹", right=True), Column("episodes", right=True),
        Column("steps", right=True), Column("steps/s", right=True, rank=LUXURY), Column("took", right=True),
    ]  # fmt: skip
    for run, label in zip(runs, labels_of(runs), strict=True):
        took = None if run.started_at is None or run.ended_at is None else run.ended_at - run.started_at
        parts = [(run, rich_text(label), figures.short(average_rate(run)), figures.duration(took))]
        parts += [
            (as_run(run, worker), rich_text(f"  {worker.worker_id}", style=QUIET), "", "")
            for worker in (run.workers if len(run.workers) > 1 else ())
        ]
        for part, name, rate, duration in parts:
            state = part.state.value
            add_row(
                columns,
                name, rich_text(state, style=STATE_STYLES[state]), figures.decimal(return_of(part)),
                figures.count(episodes_of(part)), figures.count(part.steps), rate, duration,
            )  # fmt: skip
    return columns


def _ledgers(runs: list[RunSummary]) -> list[Column]:
    from gym_gui.cli.output import rich_text

    columns = [
        Column("ledger of run"), *(Column(name, right=True) for name in
        ("lines²", "stored", "log", "quarantined", "dropped")), Column("books"),
    ]  # fmt: skip
    for run in runs:
        book = run.ledger
        add_row(
            columns,
            run.run_id, figures.count(book.lines), figures.count(book.stored), figures.count(book.log),
            figures.count(book.quarantined), figures.count(book.dropped),
            rich_text("balanced", style=GOOD) if book.balanced else rich_text("NOT BALANCED", style=BAD),
        )  # fmt: skip
    return columns


def show_failures(console: Console, home: Path, runs: list[RunSummary]) -> None:
    """Print, for each run that failed or is lost, why, and what its workers said last on stderr."""
    from gym_gui.runs.folder import RunFolder

    for run in runs:
        if run.state.value not in ("failed", "lost"):
            continue
        folder = RunFolder.of(home, run.run_id)
        console.print()
        on_stderr = False
        console.print(f"run {run.run_id} {run.state.value}: {run.cause or 'no cause is on record'}", style=BAD)
        for worker in run.workers:
            if len(run.workers) > 1 and worker.state.value not in ("failed", "lost"):
                continue
            path = folder.stderr_log(worker.worker_id, max(worker.attempt, 1))
            lines = tail(path, TAIL_LINES)
            on_stderr |= bool(lines)
            if lines:
                console.print(f"last lines of worker {worker.worker_id}'s stderr ({path}):")
                for line in lines:
                    console.print("  " + readable(line), soft_wrap=True)
            else:
                console.print(f"worker {worker.worker_id} wrote nothing on stderr")
        log = f"mosaic runs logs {run.run_id}{' --stderr' if on_stderr else ''}"
        console.print(for_this_home(f"more: {log} · mosaic runs show {run.run_id}"))


def readable(line: str) -> str:
    """Return a structured log record as a sentence, any other line as it is.

    What went wrong stands in the run's cause already; the traceback stays in the log.
    """
    try:
        record = json.loads(line) if line.startswith("{") else None
        return f"{record['level']}: {' '.join(record['message'].split())}" if record else line
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        return line


def tail(path: Path, lines: int) -> list[str]:
    """Return the last lines of a text file; none if there is no such file."""
    try:
        with open_stream(path) as stream:
            end = stream.seek(0, 2)
            stream.seek(max(end - _TAIL_BYTES, 0))
            data = stream.read()
    except OSError:
        return []
    text = data.decode("utf-8", "backslashreplace").removesuffix("\n")
    return [line.rstrip("\r") for line in text.split("\n")[-lines:]] if text else []


def summary_json(run: RunSummary, home: Path) -> dict[str, Any]:
    """Return what ``runs show --json`` holds of a run."""
    from gym_gui.retention.logs import describe_logs
    from gym_gui.runs.folder import RunFolder
    from gym_gui.runs.summary import to_json_dict

    folder = RunFolder.of(home, run.run_id)
    return {**to_json_dict(run), "folder": str(folder.path), "logs": describe_logs(folder)}
