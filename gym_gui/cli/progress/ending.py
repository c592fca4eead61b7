"""What is printed once runs have ended: a table, and for a failed one its cause and the end of its error output."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from gym_gui.app import average_rate, episodes_of, labels_of, last_lines, readable_line, worker_as_run
from gym_gui.cli._palette import BAD, GOOD, QUIET, STATE_STYLES
from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.table import LUXURY, Column, add_row, print_table
from gym_gui.look import figures
from gym_gui.runs import return_of

if TYPE_CHECKING:
    from rich.console import Console

    from gym_gui.runs import RunSummary

TAIL_LINES = 12


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
            console.print(for_this_home(f"quarantined lines, and why: mosaic runs logs {run.run_id} --quarantine"))


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
            (worker_as_run(run, worker), rich_text(f"  {worker.worker_id}", style=QUIET), "", "")
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


def show_failures(console: Console, home: Path | None, runs: list[RunSummary]) -> None:
    """Print, for each run that failed or is lost, why, and what its workers said last on stderr.

    Args:
        console: Where to.
        home: The home that the runs are kept in; ``None``: one on another machine, whose logs cannot be read.
        runs: The runs.
    """
    from gym_gui.runs import RunFolder

    for run in runs:
        if run.state.value not in ("failed", "lost"):
            continue
        console.print()
        console.print(f"run {run.run_id} {run.state.value}: {run.cause or 'no cause is on record'}", style=BAD)
        if home is None:
            console.print(for_this_home(f"more: mosaic runs show {run.run_id}; its logs are on the daemon's machine"))
            continue
        folder = RunFolder.of(home, run.run_id)
        on_stderr = False
        for worker in run.workers:
            if len(run.workers) > 1 and worker.state.value not in ("failed", "lost"):
                continue
            path = folder.stderr_log(worker.worker_id, max(worker.attempt, 1))
            lines = last_lines(path, TAIL_LINES)
            on_stderr |= bool(lines)
            if lines:
                console.print(f"last lines of worker {worker.worker_id}'s stderr ({path}):")
                for line in lines:
                    console.print("  " + readable_line(line), soft_wrap=True)
            else:
                console.print(f"worker {worker.worker_id} wrote nothing on stderr")
        log = f"mosaic runs logs {run.run_id}{' --stderr' if on_stderr else ''}"
        console.print(for_this_home(f"more: {log} · mosaic runs show {run.run_id}"))
