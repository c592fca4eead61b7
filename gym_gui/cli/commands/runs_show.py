"""``mosaic runs show``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import common, run_argument

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from gym_gui.runs.summary import ExitStatus, RunSummary


@click.command()
@run_argument
@common
def show(home: Path, run: str, as_json: bool) -> int:
    """Show all that is known of a run: state and its cause, workers, counts, ledger, files."""
    from gym_gui.analysis.queries import get_run, resolve_run
    from gym_gui.cli.output import console, print_json
    from gym_gui.cli.progress.ending import summary_json

    found = get_run(home, resolve_run(home, run))
    if as_json:
        print_json(summary_json(found, home))
    else:
        _print(console(), home, found)
    return 0


def _print(screen: Console, home: Path, run: RunSummary) -> None:
    from rich.table import Table

    from gym_gui.cli import figures
    from gym_gui.cli.output import rich_text
    from gym_gui.cli.palette import BAD, HEADER, QUIET, STATE_STYLES
    from gym_gui.cli.progress.devices import devices_of
    from gym_gui.cli.progress.model import average_rate, nan_text, return_label, return_of, spread_text
    from gym_gui.runs.folder import RunFolder
    from gym_gui.telemetry.log_keeping import tell_logs

    state = run.state.value
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style=QUIET, no_wrap=True)
    facts.add_column(overflow="fold")
    lags = run.lag_bytes and not run.state.terminal
    book = run.ledger
    balance = rich_text("balanced") if book.balanced else rich_text("NOT BALANCED", style=BAD)
    rows: list[tuple[str, Text | str | None]] = [
        ("run", rich_text(run.run_id, style=HEADER)),
        ("name", run.run_name),
        ("state", rich_text(state, style=STATE_STYLES[state]) + rich_text(f" ({run.cause})" if run.cause else "")),
        ("exit", _exit(run.exit)),
        ("seed", None if run.seed is None else str(run.seed)),
        ("group", run.group),
        ("tags", ", ".join(run.tags)),
        ("parent", run.parent_run_id),
        ("submitted", figures.moment(run.created_at)),
        ("started", figures.moment(run.started_at)),
        ("ended", figures.moment(run.ended_at)),
        ("steps", figures.count(run.steps) + (f" of {figures.count(run.target_steps)}" if run.target_steps else "")),
        ("speed", None if (rate := average_rate(run)) is None else f"{figures.count(rate)} steps/s"),
        ("episodes", _episodes(run)),
        ("return", None if return_of(run) is None else f"{figures.decimal(return_of(run))} ({return_label(run)})"),
        ("evaluation", None if run.evaluation is None else spread_text(run.evaluation)),
        ("", nan_text(run)),
        ("ledger", rich_text(f"{book.lines:,} lines = {book.stored:,} stored + {book.log:,} log + "
                        f"{book.quarantined:,} quarantined: ") + balance),
        ("", f"{book.records:,} records · {book.dropped:,} dropped · {book.sampled:,} sampled"),
        ("lag", f"{figures.size(run.lag_bytes)} of log not yet indexed" if lags else None),
        ("logs", tell_logs(RunFolder.of(home, run.run_id))),
        ("devices", devices_of(home, run.run_id)),
        ("proxy", None if run.proxy_pid is None or run.state.terminal else f"pid {run.proxy_pid}"),
        ("digest", run.digest),
        ("folder", str(RunFolder.of(home, run.run_id).path)),
    ]  # fmt: skip
    for name, value in rows:
        if value:
            facts.add_row(name, value)
    screen.print(facts)
    screen.print()
    screen.print(_workers(run))
    for worker in run.workers if len(run.workers) > 1 else ():
        if worker.cause and worker.state.value not in ("completed", "running"):
            screen.print(f"{worker.worker_id} {worker.state.value}: {worker.cause}", soft_wrap=True, markup=False)
    if any(worker.agents for worker in run.workers):
        screen.print()
        screen.print(_agents(run))
    if any(len(worker.attempts) > 1 for worker in run.workers):
        screen.print()
        screen.print(_attempts(run))


def _episodes(run: RunSummary) -> str:
    """Return how many episodes have ended, of which kind where there are evaluations."""
    from gym_gui.cli import figures
    from gym_gui.cli.progress.model import eval_episodes_of

    evaluated = eval_episodes_of(run)
    if not evaluated:
        return figures.count(run.episodes)
    training = f"{figures.count(run.episodes)} in training, " if run.episodes else ""
    return f"{training}{figures.count(evaluated)} in evaluation"


def _workers(run: RunSummary) -> Table:
    from rich.table import Table

    from gym_gui.cli import figures
    from gym_gui.cli.output import rich_text
    from gym_gui.cli.palette import HEADER, STATE_STYLES
    from gym_gui.cli.progress.model import spread_text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style=HEADER)
    evaluated = any(worker.eval_episodes for worker in run.workers)
    for header in ("worker", "type", "state", "exit"):
        table.add_column(header, no_wrap=True)
    for header in ("attempt", "pid", "steps", "episodes", "return", "cpu", "memory"):
        table.add_column(header, justify="right", no_wrap=True)
    if evaluated:
        table.add_column("evaluation", justify="right", no_wrap=True)
    for worker in run.workers:
        cells: list[Text | str] = [
            worker.worker_id, worker.worker_type, rich_text(worker.state.value, style=STATE_STYLES[worker.state.value]),
            _exit(worker.exit) or figures.NOTHING, str(worker.attempt), str(worker.pid or figures.NOTHING),
            figures.count(worker.steps), figures.count(worker.episodes), figures.decimal(worker.mean_return_100),
            figures.duration(worker.cpu_seconds), figures.size(worker.memory_bytes),
        ]  # fmt: skip
        if evaluated:
            cells.append(spread_text(worker.evaluation) if worker.evaluation is not None else figures.NOTHING)
        table.add_row(*cells)
    return table


def _agents(run: RunSummary) -> Table:
    """Return the agents of workers whose environments have several."""
    from rich.table import Table

    from gym_gui.cli import figures
    from gym_gui.cli.palette import HEADER

    table = Table(box=None, padding=(0, 2, 0, 0), header_style=HEADER)
    for header in ("worker", "agent"):
        table.add_column(header, no_wrap=True)
    for header in ("episodes", "return", "evaluation"):
        table.add_column(header, justify="right", no_wrap=True)
    for worker in run.workers:
        for agent in worker.agents:
            evaluated = f"{figures.decimal(agent.eval_mean_return)} over {figures.count(agent.eval_episodes)} episodes"
            table.add_row(
                worker.worker_id, agent.agent_id, figures.count(agent.episodes), figures.decimal(agent.mean_return_100),
                evaluated if agent.eval_episodes else figures.NOTHING,
            )  # fmt: skip
    return table


def _attempts(run: RunSummary) -> Table:
    """Return the attempts of the workers that had several; what each printed: ``mosaic runs logs --attempt N``."""
    from rich.table import Table

    from gym_gui.cli import figures
    from gym_gui.cli.palette import HEADER

    table = Table(box=None, padding=(0, 2, 0, 0), header_style=HEADER)
    table.add_column("worker", no_wrap=True)
    for header in ("attempt", "took", "lines", "steps", "episodes", "return"):
        table.add_column(header, justify="right", no_wrap=True)
    table.add_column("how it ended", overflow="fold")
    for worker in run.workers:
        for one in worker.attempts if len(worker.attempts) > 1 else ():
            took = None if one.started_at is None or one.ended_at is None else one.ended_at - one.started_at
            table.add_row(
                worker.worker_id, str(one.attempt), figures.duration(took), figures.count(one.lines),
                figures.count(one.steps), figures.count(one.episodes), figures.decimal(one.mean_return_100),
                one.cause if one.exit is not None else one.state.value,
            )  # fmt: skip
    return table


def _exit(status: ExitStatus | None) -> str:
    if status is None:
        return ""
    known = f"signal {status.signal}" if status.signal else "unknown" if status.code is None else f"code {status.code}"
    return f"{known} ({status.reason})" if status.reason else known
