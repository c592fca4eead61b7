"""``mosaic runs show``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gym_gui.cli.options import common, run_argument
from gym_gui.cli.supervised import starts_daemon
from gym_gui.cli.where import anywhere, site_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from gym_gui.reading import RunDetails
    from gym_gui.runs import RunSummary


@click.command()
@run_argument
@click.option("--wide", is_flag=True, help="All columns, however long the lines become.")
@common
@starts_daemon
@anywhere
def show(home: Path, run: str, wide: bool, as_json: bool) -> int:
    """Show everything recorded about a run: state, cause, settings, workers, counts, ledger, origin, files."""
    from gym_gui.app import summary_json
    from gym_gui.cli.output import console, print_json

    site = site_of(home)
    with site.runs() as source:
        found = source.get(source.resolve(run))
        details = source.details(found.run_id)
    if as_json:
        print_json({**summary_json(found, site.home), "details": details})
    else:
        _print(console(), site.home, found, details, wide=wide)
    return 0


def _print(screen: Console, home: Path | None, run: RunSummary, details: RunDetails, *, wide: bool) -> None:
    from rich.table import Table

    from gym_gui.cli._palette import QUIET
    from gym_gui.cli._worker_tables import agents_table, attempts_table, workers_table
    from gym_gui.cli.table import print_table

    facts = Table.grid(padding=(0, 2))
    facts.add_column(style=QUIET, no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value in [*_state(run), *_figures(home, run), *_origin(home, run, details)]:
        if value:
            facts.add_row(name, value)
    screen.print(facts)
    screen.print()
    print_table(screen, workers_table(run), wide=wide)
    for worker in run.workers if len(run.workers) > 1 else ():
        if worker.cause and worker.state.value not in ("completed", "running"):
            screen.print(f"{worker.worker_id} {worker.state.value}: {worker.cause}", soft_wrap=True, markup=False)
    if any(worker.agents for worker in run.workers):
        screen.print()
        print_table(screen, agents_table(run), wide=wide)
    if any(len(worker.attempts) > 1 for worker in run.workers):
        screen.print()
        print_table(screen, attempts_table(run), wide=wide)
        for worker in run.workers:
            for one in worker.attempts if len(worker.attempts) > 1 else ():
                cause = one.cause if one.exit is not None else one.state.value
                number = "" if cause.startswith("attempt ") else f" attempt {one.attempt}"
                screen.print(f"{worker.worker_id}{number}: {cause}", soft_wrap=True, markup=False)


def _state(run: RunSummary) -> list[tuple[str, Text | str | None]]:
    from gym_gui.cli._palette import HEADER, STATE_STYLES
    from gym_gui.cli._worker_tables import each_of, exit_text
    from gym_gui.cli.output import rich_text
    from gym_gui.look import figures

    state = run.state.value
    return [
        ("run", rich_text(run.run_id, style=HEADER)),
        ("name", run.run_name),
        ("state", rich_text(state, style=STATE_STYLES[state]) + rich_text(f" ({run.cause})" if run.cause else "")),
        ("exit", exit_text(run.exit)),
        ("worker", each_of(worker.worker_type for worker in run.workers)),
        ("algorithm", each_of(worker.algorithm for worker in run.workers)),
        ("environment", each_of(worker.env_id for worker in run.workers)),
        ("seed", None if run.seed is None else str(run.seed)),
        ("submitted", figures.moment(run.created_at)),
        ("started", figures.moment(run.started_at)),
        ("ended", figures.moment(run.ended_at)),
    ]


def _figures(home: Path | None, run: RunSummary) -> list[tuple[str, Text | str | None]]:
    from gym_gui.app import average_rate, devices_of, nan_text, return_label, spread_text
    from gym_gui.cli._palette import BAD
    from gym_gui.cli.output import rich_text
    from gym_gui.look import figures
    from gym_gui.retention import describe_logs
    from gym_gui.runs import RunFolder, return_of
    from gym_gui.trainer import phase_text

    lags = run.lag_bytes and not run.state.terminal
    book = run.ledger
    balance = rich_text("balanced") if book.balanced else rich_text("NOT BALANCED", style=BAD)
    phase = phase_text(run)
    return [
        ("phase", phase),
        ("steps", None if phase and not run.steps else _steps(run)),
        ("speed", None if (rate := average_rate(run)) is None else f"{figures.count(rate)} steps/s"),
        ("last step", _last_step(run)),
        ("episodes", _episodes(run)),
        ("return", None if return_of(run) is None else f"{figures.decimal(return_of(run))} ({return_label(run)})"),
        ("evaluation", None if run.evaluation is None else spread_text(run.evaluation)),
        ("", nan_text(run)),
        ("ledger", rich_text(f"{book.lines:,} lines = {book.stored:,} stored + {book.log:,} log + "
                        f"{book.quarantined:,} quarantined: ") + balance),
        ("", f"{book.records:,} records · {book.dropped:,} dropped · {book.sampled:,} sampled"),
        ("lag", f"{figures.size(run.lag_bytes)} of log not yet indexed" if lags else None),
        ("logs", describe_logs(RunFolder.of(home, run.run_id)) if home else None),
        ("devices", devices_of(home, run.run_id) if home else None),
        ("proxy", None if run.proxy_pid is None or run.state.terminal else f"pid {run.proxy_pid}"),
    ]  # fmt: skip


def _steps(run: RunSummary) -> str:
    """Return how many environment steps were taken, and of how many."""
    from gym_gui.look import figures

    return figures.count(run.steps) + (f" of {figures.count(run.target_steps)}" if run.target_steps else "")


def _episodes(run: RunSummary) -> str:
    """Return how many episodes have ended, of which kind where there are evaluations."""
    from gym_gui.app import eval_episodes_of
    from gym_gui.look import figures

    evaluated = eval_episodes_of(run)
    if not evaluated:
        return figures.count(run.episodes)
    training = f"{figures.count(run.episodes)} in training, " if run.episodes else ""
    return f"{training}{figures.count(evaluated)} in evaluation"


def _origin(home: Path | None, run: RunSummary, details: RunDetails) -> list[tuple[str, Text | str | None]]:
    import shlex

    from gym_gui.cli.output import rich_lines
    from gym_gui.fleet import study_text
    from gym_gui.look import figures
    from gym_gui.runs import RunFolder

    folder = None if home is None else RunFolder.of(home, run.run_id).path
    several = len(details.settings) > 1
    settings = [
        (f"{worker_id}: " if several else "") + "  ".join(f"{name}={_plain(value)}" for name, value in given.items())
        for worker_id, given in details.settings.items()
        if given
    ]
    git = details.git
    saved = [
        f"{each.path if folder is None else _below(folder, each.path)}"
        + (f" at step {each.step:,}" if each.step is not None else "")
        + (f", {figures.size(each.bytes)}" if each.bytes is not None else "")
        for each in details.checkpoints[-_CHECKPOINTS:]
    ]
    left = len(details.checkpoints) - len(saved)
    code = "" if git is None else f"{(git.commit or 'no commit')[:12]}{f' on {git.branch}' if git.branch else ''}"
    return [
        ("settings", rich_lines(settings)),
        ("tags", ", ".join(run.tags)),
        ("study", study_text(details.config)),
        ("group", run.group),
        ("starred", "★" if run.starred else None),
        ("notes", rich_lines(details.notes.splitlines())),
        ("parent", run.parent_run_id),
        ("checkpoints", rich_lines([*([f"{left:,} earlier ones"] if left else []), *saved])),
        ("tensorboard", details.tensorboard),
        ("wandb", rich_lines(details.wandb)),
        ("versions", "  ".join(f"{name} {version}" for name, version in details.versions.items())),
        ("git", code + (", with changes that are not committed" if git and git.dirty else "")),
        ("command", shlex.join(details.command)),
        ("machine", details.machine),
        ("submitter", f"{details.submitter}{f' on {details.host}' if details.host else ''}"),
        ("digest", run.digest),
        ("folder", None if folder is None else str(folder)),
    ]


_CHECKPOINTS = 5


def _plain(value: object) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value, default=str)


def _below(folder: Path, path: str) -> str:
    """Return a path from the run's folder on where it lies in it."""
    return str(Path(path).relative_to(folder)) if Path(path).is_relative_to(folder) else path


def _last_step(run: RunSummary) -> str | None:
    """Return how long ago the workers of a run that goes on told of a step."""
    from gym_gui.look import figures

    times = [worker.last_step_at for worker in run.workers if worker.last_step_at is not None]
    if run.state.terminal or not times:
        return None
    if not run.steps and not run.episodes and not run.eval_episodes:  # then it is the time at which the worker began
        return f"none yet (began {figures.age(max(times))})"
    return figures.age(max(times))
