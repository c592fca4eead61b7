"""Progress on a terminal: one row a run, and one for each of its workers where it has several; redrawn in place."""

from __future__ import annotations

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gym_gui.app import RunProgress, episodes_of
from gym_gui.cli._palette import BAR, DOUBTFUL, GOOD, HEADER, QUIET, STATE_STYLES
from gym_gui.cli.output import rich_text
from gym_gui.cli.progress.plain import LAG_SHOWN_BYTES, lost_text, remarks_on
from gym_gui.core.terminal_text import escape
from gym_gui.look import figures
from gym_gui.runs import return_of
from gym_gui.trainer import phase_text

REFRESH_PER_S = 5
#: Rows of workers below their run's.
_WORKERS_SHOWN = 16
#: Lines below the table with phases.
_PHASES_SHOWN = 8
#: And with what else no column shows.
_REMARKS_SHOWN = 4
_WIDE = 92
_NARROW = 76
_NUMBERS = {
    "percent": "",
    "steps": "steps",
    "rate": "steps/s",
    "episodes": "episodes",
    "return": "return¹",
    "eta": "ETA",
}


class LiveView:
    """Redraws a table of runs a few times a second.

    Args:
        console: The terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=False, vertical_overflow="ellipsis")
        self._drawn_at = 0.0

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def show(self, runs: list[RunProgress], changed: set[str], now: float, age_s: float | None = None) -> None:
        """Redraw, at most a few times a second unless a state has changed."""
        if changed or now - self._drawn_at >= 1 / REFRESH_PER_S:
            self._drawn_at = now
            self._live.update(table_of(runs, now, self._console.width, age_s), refresh=True)

    def note(self, message: str) -> None:
        """Print a sentence above the table."""
        self._live.console.print(message)


def table_of(runs: list[RunProgress], now: float, width: int, age_s: float | None = None) -> Group:
    """Return the view as a table that fits into a terminal's width.

    Args:
        runs: The runs, in order.
        now: Monotonic time, seconds.
        width: Columns of the terminal; narrow ones lose the percentage, narrower ones bar and step count instead.
        age_s: How old the values are, seconds, while the connection is lost: then there is no speed, and it is said.
    """
    wide, narrow = width >= _WIDE, width < _NARROW
    left_out = {"bar", "steps"} if narrow else set() if wide else {"percent"}
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=HEADER, expand=not narrow)
    table.add_column("run", no_wrap=True)
    table.add_column("state", no_wrap=True, min_width=9)
    if "bar" not in left_out:
        table.add_column("progress", ratio=1, min_width=8)
    for name, header in _NUMBERS.items():
        if name not in left_out:
            table.add_column(header, justify="right", no_wrap=True)
    lost = age_s is not None
    room = max(width - (70 if wide else 50 if narrow else 61), 10)
    for run in runs:
        cells = _cells(run, now, lost=lost)
        table.add_row(fit(escape(run.label), room), *(cell for name, cell in cells.items() if name not in left_out))
        for worker in list(run.workers.values())[:_WORKERS_SHOWN]:
            cells = _cells(worker, now, lost=lost)
            label = rich_text(fit("  " + escape(worker.label), room), style=QUIET)
            table.add_row(label, *(cell for name, cell in cells.items() if name not in left_out))
        if len(run.workers) > _WORKERS_SHOWN:
            table.add_row(rich_text(f"  and {len(run.workers) - _WORKERS_SHOWN} more", style=QUIET))
    # A line of its own, not padded to the edge: there the terminal's echo of ^C would begin a new line.
    footnote = "¹ mean of the last episodes (at most 100 a worker)" + _lag(runs)
    remarks = _remarks(runs) if age_s is None else [rich_text(lost_text(age_s), style=DOUBTFUL)]
    return Group(table, *_phases(runs, narrow), *remarks, rich_text(footnote, style=QUIET, no_wrap=True))


def _phases(runs: list[RunProgress], narrow: bool) -> list[Text]:
    """Return what runs are busy with as lines of their own, where it does not stand in the place of the bar."""
    seen = [(run.label, run.summary) for run in runs if run.summary is not None]
    phases = [(label, phase_text(summary)) for label, summary in seen if narrow or summary.steps]
    lines = [f"{label}: {phase}" if len(runs) > 1 else phase for label, phase in phases if phase]
    return [rich_text(line, style=QUIET, no_wrap=True, overflow="ellipsis") for line in lines[:_PHASES_SHOWN]]


def _remarks(runs: list[RunProgress]) -> list[Text]:
    """Return what no column shows, a line a run: what one waits for, that its workers take no steps."""
    seen = [(run.label, run.summary) for run in runs if run.summary is not None]
    lines = [f"{label}: {' · '.join(remarks)}" for label, summary in seen if (remarks := remarks_on(summary))]
    more = [f"and {len(lines) - _REMARKS_SHOWN} more such runs"] if len(lines) > _REMARKS_SHOWN else []
    return [rich_text(escape(line), style=DOUBTFUL) for line in lines[:_REMARKS_SHOWN] + more]


def fit(label: str, room: int) -> str:
    """Return a label of at most so many characters, shortened in its middle: several runs differ at the end."""
    return label if len(label) <= room else f"{label[: room - 6]}…{label[-5:]}"


def _cells(run: RunProgress, now: float, *, lost: bool) -> dict[str, Text | ProgressBar | str]:
    seen = run.summary
    if seen is None:
        return {"state": rich_text("submitted", style=QUIET)}
    state, fraction = seen.state.value, run.fraction
    going = not seen.state.terminal
    stale = lost and going
    style = QUIET if stale else STATE_STYLES[state]
    complete = BAR if going else GOOD if state == "completed" else style
    pulse = going and not stale and fraction is None and seen.steps > 0
    bar = ProgressBar(total=1.0, completed=fraction or 0.0, pulse=pulse,
                      complete_style=complete, finished_style=complete, style=QUIET)  # fmt: skip
    phase = "" if seen.steps else phase_text(seen)
    if phase:
        fraction = None
    target = f"/{figures.short(seen.target_steps)}" if seen.target_steps and not run.target_episodes else ""
    episodes = f"/{figures.count(run.target_episodes)}" if run.target_episodes else ""
    return {
        "state": rich_text(state, style=style),
        "bar": rich_text(phase, style=QUIET, no_wrap=True, overflow="ellipsis") if phase else bar,
        "percent": "" if fraction is None else f"{int(fraction * 100)}%",
        "steps": f"{figures.short(seen.steps)}{target}",
        "rate": "" if stale else figures.short(run.rate(now)),
        "episodes": figures.count(episodes_of(seen)) + episodes,
        "return": figures.decimal(return_of(seen)),
        "eta": "" if stale else figures.clock(run.eta_s(now)),
    }


def _lag(runs: list[RunProgress]) -> str:
    lag = sum(run.summary.lag_bytes for run in runs if run.summary)
    return f" · {figures.size(lag)} of logs not yet indexed" if lag > LAG_SHOWN_BYTES else ""
