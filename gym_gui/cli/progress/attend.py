"""Stays with runs until they have ended, or until the user leaves."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from gym_gui.app import DeviceNotes, Follower, RunProgress, labels_of
from gym_gui.cli.next_steps import for_this_home
from gym_gui.cli.output import echo, say, say_always
from gym_gui.cli.progress.interrupts import Interrupts

if TYPE_CHECKING:
    from gym_gui.rpc import TrainerClient
    from gym_gui.runs import RunSummary

_TICK_S = 0.1


class View(Protocol):
    """Shows how runs are getting on."""

    def __enter__(self) -> View:
        """Begin to show."""
        ...

    def __exit__(self, *_: object) -> None:
        """End; what was shown last stays."""
        ...

    def show(self, runs: list[RunProgress], changed: set[str], now: float, age_s: float | None = None) -> None:
        """Show the newest values; called several times a second.

        Args:
            runs: All runs of the view, in order.
            changed: Ids of runs whose state has changed since the last call.
            now: Monotonic time, seconds.
            age_s: How old the values are, seconds, while the connection to the daemon is lost; ``None``: it is not.
        """
        ...

    def note(self, message: str) -> None:
        """Say a sentence."""
        ...


def open_view(*, as_json: bool) -> View:
    """Return the view that fits: live on a terminal, else plain lines; on stderr where stdout carries JSON."""
    from gym_gui.cli.output import console
    from gym_gui.cli.progress.plain import PlainView

    screen = console(stderr=as_json)
    if screen.is_terminal and not screen.is_dumb_terminal:
        from gym_gui.cli.progress.live import LiveView

        return LiveView(screen)
    return PlainView(screen.file)


@dataclass
class Attended:
    """What became of the runs while the user stayed with them.

    Args:
        runs: Their newest summaries, in the order asked for.
        interrupted: The user pressed Ctrl-C, or SIGTERM came.
        detached: The user left and the runs go on.
    """

    runs: list[RunSummary]
    interrupted: bool = False
    detached: bool = False


def attend(
    client: TrainerClient,
    run_ids: list[str],
    *,
    as_json: bool,
    owner: bool = True,
    interrupts: Interrupts | None = None,
) -> Attended:
    """Show runs until all have ended.

    Ctrl-C asks an owner once whether to detach or to cancel (again: cancel). Where no user can be asked (without a
    terminal, and in a pipeline, whose other programs the same Ctrl-C ends) it cancels, and so does SIGTERM. A mere
    watcher just leaves.

    Args:
        client: The daemon.
        run_ids: The runs, in the order of the rows.
        as_json: Stdout is kept for a JSON document.
        owner: The runs were started by this command.
        interrupts: What counts Ctrl-C and SIGTERM already, if something does.

    Raises:
        MosaicError: The daemon is gone and could not be started again.
    """
    if interrupts is None:
        with Interrupts() as fresh:
            return attend(client, run_ids, as_json=as_json, owner=owner, interrupts=fresh)
    runs = {run_id: RunProgress() for run_id in run_ids}
    for run_id, run in runs.items():
        run.target_episodes = _target_episodes(client.home, run_id)
    outcome = Attended([])
    devices = DeviceNotes(client.home)
    with Follower(client, run_ids) as news:
        while True:
            with open_view(as_json=as_json) as view:
                _show_until_interrupted(news, runs, view, interrupts, devices)
            if news.ended:
                break
            if outcome.interrupted:
                interrupts.handle()
                outcome.detached = True
                say("left; the workers are still ending")
                break
            outcome.interrupted = True
            leave = not owner or _wants_to_leave(interrupts)
            interrupts.handle()
            if leave:
                outcome.detached = True
                _leave(_live(runs))
                break
            _cancel(client, _live(runs), interrupts.name)
    outcome.runs = [run.summary for run in runs.values() if run.summary is not None]
    return outcome


def _show_until_interrupted(
    news: Follower, runs: dict[str, RunProgress], view: View, interrupts: Interrupts, devices: DeviceNotes
) -> None:
    rows = list(runs.values())
    while not news.ended and not interrupts.pending:
        changed: set[str] = set()
        for summary in news.take(_TICK_S):
            if runs[summary.run_id].update(summary, time.monotonic()):
                changed.add(summary.run_id)
                for note in devices.of(summary):
                    view.note(note)
        _label(runs)
        now = time.monotonic()
        view.show(rows, changed, now, news.figures_age_s(now))


def _target_episodes(home: Path | None, run_id: str) -> int | None:
    if home is None:
        return None  # elsewhere
    from gym_gui.core.worker.errors import MosaicError
    from gym_gui.runs import RunFolder, load_plan

    try:
        return load_plan(RunFolder.of(home, run_id)).target_episodes
    except MosaicError:
        return None


def _label(runs: dict[str, RunProgress]) -> None:
    if all(run.label for run in runs.values()):
        return
    known = [run.summary for run in runs.values() if run.summary is not None]
    for summary, label in zip(known, labels_of(known), strict=True):
        runs[summary.run_id].label = label if len(known) == len(runs) else ""


def _live(runs: dict[str, RunProgress]) -> list[str]:
    return [run_id for run_id, run in runs.items() if run.summary is None or not run.summary.state.terminal]


def _wants_to_leave(interrupts: Interrupts) -> bool:
    """Ask whether to detach or to cancel; where no user can be asked the answer is to cancel."""
    if not interrupts.can_ask:
        return False
    echo(err=True)  # ends the line on which ^C stands
    return interrupts.ask("Detach and leave it running, or cancel it? Ctrl-C again cancels. [D/c]", "dc") == "d"


def _cancel(client: TrainerClient, live: list[str], reason: str) -> None:
    say_always(f"{reason}: cancelling; the workers get time to save (once more: do not wait for them)")
    for run_id in live:
        client.cancel(run_id, reason=reason)


def _leave(live: list[str]) -> None:
    for run_id in live:
        ways = f"watch it: mosaic runs watch {run_id}; end it: mosaic runs cancel {run_id}"
        say_always(f"left running; {for_this_home(ways)}")
