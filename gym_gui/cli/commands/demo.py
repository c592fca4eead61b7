"""``mosaic demo``."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.options import common
from gym_gui.cli.output import echo

if TYPE_CHECKING:
    from gym_gui.cli.submission import SubmitCommand
    from gym_gui.runs import RunSummary

WORKER, ALGORITHM, ENVIRONMENT = "cleanrl", "ppo", "CartPole-v1"
BEST_POSSIBLE = 500.0
SMOOTHING = 8


@click.command()
@click.option(
    "--steps", type=click.IntRange(min=1000), default=50_000, show_default=True, metavar="N", help="Steps a seed."
)
@click.option("--seeds", default="1-3", show_default=True, metavar="LIST", help="Which seeds.")
@click.option("--web", "in_browser", is_flag=True, help="Show the runs in the browser instead.")
@common
def demo(home: Path, steps: int, seeds: str, in_browser: bool, as_json: bool) -> int:
    """Train PPO on CartPole with three seeds and draw the curve.

    Shows them side by side while they learn, then a table of results with each run's ledger, checks the books against
    the raw logs, and writes a picture of the learning curve. A daemon that it had to start is stopped again.
    """
    from gym_gui.analysis import check_matplotlib
    from gym_gui.app import LocalSite
    from gym_gui.cli._seeds import parse_seeds
    from gym_gui.cli.output import waiting
    from gym_gui.cli.submission import SubmitCommand
    from gym_gui.rpc import stop_daemon
    from gym_gui.trainer import DaemonHome
    from gym_gui.web import check_installed as check_web_installed
    from gym_gui.workers import read_flags, settings_error

    if in_browser:
        check_web_installed()
    else:
        check_matplotlib()
    site = LocalSite(home)
    with waiting(f"asking worker {WORKER} what it takes"):
        record = site.worker(WORKER)
    flags, problems = read_flags(record, env=ENVIRONMENT, algo=ALGORITHM, steps=steps)
    if problems:
        raise settings_error(record, problems)
    config = {field: value for field, (_, value) in flags.items()}
    payloads: list[dict[str, Any]] = [
        {
            "run_name": f"{ALGORITHM} {ENVIRONMENT} s{seed}",
            "metadata": {"worker": {"worker_id": WORKER, "module": record.module, "config": {**config, "seed": seed}}},
            "tags": ["demo"],
        }
        for seed in parse_seeds(seeds)
    ]
    submission = SubmitCommand(site, payloads, many=True, where="mosaic demo")
    submission.check(dry_run_workers=True, waiting=waiting)
    if in_browser:
        return _show_in_browser(home, submission, as_json=as_json)
    ours = DaemonHome(home).daemon() is None
    try:
        outcome = submission.attend(as_json=as_json)
        if outcome.detached:
            ours = False  # the runs that go on still want it
            return submission.exit_code(outcome)
        code = _report(home, outcome.runs, steps, as_json=as_json)
        return submission.exit_code(outcome) or code
    finally:
        if ours:
            stop_daemon(home)


def _web_command(home: Path) -> str:
    """Return the command that shows the runs, as it is called from here: `make demo` has a home of its own."""
    program = os.path.relpath(sys.argv[0]) if os.sep in sys.argv[0] else "mosaic"
    return shlex.join([program, "web", "--open", "--home", str(home)])


def _show_in_browser(home: Path, submission: SubmitCommand, *, as_json: bool) -> int:
    """Start the runs and serve the dashboard, which shows them, until interrupted.

    As JSON one document has the dashboard's address and the runs, once it answers.
    """
    from gym_gui.cli.commands.web import serve_dashboard
    from gym_gui.web import Listening

    page = "/?q=tag%3Ademo"
    if not as_json:
        code = submission.go(detach=True, as_json=False)
        serve_dashboard(home, Listening(), open_browser=True, page=page)
        return code
    with submission.site.connect() as client:
        submission.submit(client)
    details = {"runs": [{"run_id": run_id} for run_id in submission.run_ids]}
    serve_dashboard(home, Listening(), as_json=True, page=page, details=details)
    return 0


def _report(home: Path, runs: list[RunSummary], steps: int, *, as_json: bool) -> int:
    """Print the results, check the books of all runs, draw their curve; return 1 if something of that failed."""
    from gym_gui.app import summary_json
    from gym_gui.cli.failures import show_error
    from gym_gui.cli.output import console, print_json
    from gym_gui.cli.progress.ending import show_failures, show_results
    from gym_gui.core.worker.errors import MosaicError

    verified = {run.run_id: _verify(home, run.run_id) for run in runs}
    picture: Path | None = None
    try:
        picture = _draw(home, runs, steps)
    except MosaicError as error:
        show_error(error)
    if as_json:
        print_json({"runs": [summary_json(run, home) for run in runs], "verified": verified, "picture": picture})
    else:
        show_results(console(), runs)
        show_failures(console(stderr=True), home, runs)
        wrong = [run_id for run_id, ok in verified.items() if not ok]
        echo()
        echo(for_this_home(f"verify: DIFFERENT, see: mosaic runs verify {' '.join(wrong)}") if wrong else
                   f"verify: recounted from the raw logs, the books of all {len(runs)} runs balance")  # fmt: skip
        if picture:
            echo(f"learning curve: {picture}")
        echo(f"see the runs in the browser: {_web_command(home)}")
    return 0 if picture and all(verified.values()) else 1


def _verify(home: Path, run_id: str) -> bool:
    """Return whether a run's books balance; one that never began has none."""
    from gym_gui.core.worker.errors import MosaicError
    from gym_gui.runs import RunFolder
    from gym_gui.telemetry.verify import verify_run

    try:
        return verify_run(RunFolder.of(home, run_id)).ok
    except MosaicError:
        return False


def _draw(home: Path, runs: list[RunSummary], steps: int) -> Path:
    from gym_gui.analysis import plot_learning_curve
    from gym_gui.reading import line_of, smoothed

    path = home / "pictures" / f"demo-{runs[0].group}.png"
    path.parent.mkdir(exist_ok=True)
    lines = [smoothed(line_of(run, f"seed {run.seed}"), SMOOTHING) for run in runs]
    title = f"PPO on {ENVIRONMENT}: {len(lines)} seeds, {steps:,} environment steps each"
    returns = f"return of training episodes (sum of rewards),\nmean of {SMOOTHING} points of the curve"
    return plot_learning_curve(lines, path, title=title, best_possible=BEST_POSSIBLE, returns=returns)
