"""``mosaic runs logs``."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.options import TEXT, common, run_argument
from gym_gui.cli.output import echo
from gym_gui.cli.streams import fault_of
from gym_gui.cli.supervised import starts_daemon
from gym_gui.cli.where import anywhere, is_remote, site_of

if TYPE_CHECKING:
    from gym_gui.reading import LogLine, LogQuery
    from gym_gui.telemetry import QuarantineRecord


@click.command()
@run_argument
@click.option(
    "--stdout", "stream", flag_value="stdout", default="stdout", help="What the worker printed (the default)."
)
@click.option("--stderr", "stream", flag_value="stderr", help="Its error output.")
@click.option("--text", "stream", flag_value="text", help="Printed lines that are not telemetry.")
@click.option("--quarantine", "stream", flag_value="quarantine", help="Lines that were quarantined, and why.")
@click.option("--supervisor", "stream", flag_value="supervisor", help="Launches, exits, signals, states.")
@click.option("--worker", "worker_id", metavar="ID", help="Which worker of the run; default: the first.")
@click.option("--attempt", type=click.IntRange(min=1), metavar="N", help="Which attempt; default: the last.")
@click.option(
    "-n", "--lines", type=click.IntRange(min=0), default=50, show_default=True, help="The last N lines; 0: all."
)
@click.option("-f", "--follow", is_flag=True, help="Go on until the run has ended.")
@click.option(
    "--grep", "pattern", type=TEXT, metavar="PATTERN", default="", help="Only lines with this regular expression."
)
@click.option(
    "--component", type=TEXT, metavar="NAME", default="", help="Only structured records of this (sub)component."
)
@click.option("--code", type=TEXT, metavar="CODE", default="", help="Only structured records with this code: LOG431.")
@common
@starts_daemon
@anywhere
def logs(
    home: Path,
    run: str,
    stream: str,
    worker_id: str | None,
    attempt: int | None,
    lines: int,
    follow: bool,
    pattern: str,
    component: str,
    code: str,
    as_json: bool,
) -> int:
    """Print what a worker printed.

    In a home it reads the run's own log files. On a terminal control characters are shown as escapes; into a file or a
    pipe the lines go as they are. With a daemon elsewhere, 4,000 characters of each line are shown.
    """
    from gym_gui.analysis import resolve_run
    from gym_gui.app import LogReader, line_text, tell_dropped
    from gym_gui.cli.output import print_json, say
    from gym_gui.core.worker.errors import ConfigError, UsageError
    from gym_gui.reading import LogQuery, check_pattern, dropped_log, find_log
    from gym_gui.runs import RunFolder

    if follow and as_json:
        raise UsageError(
            "--follow and --json exclude each other",
            where="command line",
            why="--json prints one document, --follow never knows when it ends",
            next_step="leave one of them out",
        )
    problem = check_pattern(pattern)
    if problem is not None:
        raise ConfigError("--grep cannot be used", [problem], next_step="correct it")
    if is_remote():
        if stream == "quarantine":
            raise UsageError(
                "--quarantine does not work with a daemon elsewhere",
                where="command line",
                why="it reads the run's database, which lies in the home",
                next_step=f"run it on that machine: mosaic runs logs {run} --quarantine",
            )
        query = LogQuery(
            stream="output" if stream == "text" else stream,
            worker_id=worker_id or "",
            attempt=attempt or 0,
            pattern=pattern,
            component=component,
            code=code,
        )
        return _print_remote(home, run, stream, query, lines, follow=follow, as_json=as_json)
    run_id = resolve_run(home, run)
    if stream == "quarantine":
        return _print_quarantine(home, run_id, worker_id, attempt, lines, as_json=as_json)
    log = find_log(RunFolder.of(home, run_id), stream=stream, worker_id=worker_id, attempt=attempt)
    dropped = tell_dropped(dropped_log(log.path), log.worker_id, log.attempt, run_id)
    if dropped:
        say(dropped)
    with LogReader(
        log.path, text_only=stream == "text", pattern=pattern, component=component, code=code, run_id=run_id
    ) as reader:
        if as_json:
            found = [line_text(line) for line in reader.last(lines or None)]
            print_json({"run_id": run_id, "worker_id": log.worker_id, "attempt": log.attempt, "stream": stream,
                        "path": str(log.path), "dropped": dropped or None, "lines": found})  # fmt: skip
            return 0
        _print_lines(reader.last(lines or None))
        if follow:
            for line in reader.follow(home, run_id):
                _print_lines([line])
                if fault_of(sys.stdout) is not None:
                    break  # the reader has gone
    return 0


def _print_remote(
    home: Path, run: str, stream: str, query: LogQuery, count: int, *, follow: bool, as_json: bool
) -> int:
    """Print lines of a run with a daemon elsewhere."""
    from gym_gui.app import PagedLog, tell_dropped
    from gym_gui.cli.output import print_json, say

    with site_of(home).runs() as source:
        run_id = source.resolve(run)
        log = PagedLog(source, run_id, query)
        page, lines = log.last(count or None)
        dropped = tell_dropped(page.dropped, page.worker_id, page.attempt, run_id)
        if dropped:
            say(dropped)
        if as_json:
            print_json({"run_id": run_id, "worker_id": page.worker_id, "attempt": page.attempt, "stream": stream,
                        "path": None, "dropped": dropped or None, "lines": [line.text for line in lines]})  # fmt: skip
            return 0
        _print_lines(_as_printed(line) for line in lines if not (follow and line.partial))
        if follow:
            for line in log.follow():
                _print_lines([_as_printed(line)])
                if fault_of(sys.stdout) is not None:
                    break  # the reader has gone
    return 0


def _as_printed(line: LogLine) -> bytes:
    return line.text.encode() + (b"" if line.partial else b"\n")


def _print_lines(lines: Iterable[bytes]) -> None:
    """Print lines of a log: on a terminal what acts on it is shown as escapes, elsewhere the bytes are unchanged."""
    from gym_gui.app import line_text

    if sys.stdout.isatty():
        for line in lines:
            echo(line_text(line))
        return
    sys.stdout.flush()
    for line in lines:
        sys.stdout.buffer.write(line)
        if fault_of(sys.stdout) is not None:
            break
    sys.stdout.buffer.flush()


def _print_quarantine(
    home: Path, run_id: str, worker_id: str | None, attempt: int | None, lines: int, *, as_json: bool
) -> int:
    from gym_gui.cli.output import print_json
    from gym_gui.runs import RunFolder
    from gym_gui.telemetry import MAX_ROWS, RunReader

    found = [
        record
        for record in RunReader(RunFolder.of(home, run_id)).quarantine(limit=MAX_ROWS)
        if worker_id in (None, record.worker_id) and attempt in (None, record.attempt)
    ]
    found = found[-lines:] if lines else found
    if as_json:
        print_json({"run_id": run_id, "quarantined": [_json_of(record) for record in found]})
        return 0
    for record in found:
        place = f"worker {record.worker_id or '(supervisor)'} attempt {record.attempt} byte {record.byte_offset}"
        echo(f"{place}, {record.length:,} bytes: {record.reason}: {record.detail}")
        echo("  " + record.excerpt.decode("utf-8", "backslashreplace").rstrip("\n"))
    return 0


def _json_of(record: QuarantineRecord) -> dict[str, Any]:
    names = ("worker_id", "attempt", "byte_offset", "length", "reason", "detail")
    excerpt = record.excerpt.decode("utf-8", "backslashreplace")
    return {**{name: getattr(record, name) for name in names}, "excerpt": excerpt}
