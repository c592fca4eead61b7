"""Progress on a terminal: one row a run, redrawn in place."""

from __future__ import annotations

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from gym_gui.cli import figures
from gym_gui.cli.palette import BAR, GOOD, HEADER, QUIET, STATE_STYLES
from gym_gui.cli.progress.model import RunProgress, episodes_of, return_of
from gym_gui.cli.progress.plain import LAG_SHOWN_BYTES

REFRESH_PER_S = 5


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

    def show(self, runs: list[RunProgress], changed: set[str], now: float) -> None:
        """Redraw, at most a few times a second unless a state has changed."""
        if changed or now - self._drawn_at >= 1 / REFRESH_PER_S:
            self._drawn_at = now
            self._live.update(table_of(runs, now, self._console.width), refresh=True)

    def note(self, message: str) -> None:
        """Print a sentence above the table."""
        self._live.console.print(message)


def table_of(runs: list[RunProgress], now: float, width: int) -> Table:
    """Return the view as a table that fits into a terminal's width.

    Args:
        runs: The runs, in order.
        now: Monotonic time, seconds.
        width: Columns of the terminal; narrow ones lose the bar and the step count first.
    """
    table = Table(box=None, padding=(0, 1, 0, 0), header_style=HEADER, expand=True)
    table.add_column("run", no_wrap=True, overflow="ellipsis", ratio=2, min_width=10)
    table.add_column("state", no_wrap=True, min_width=9)
    if width >= 76:
        table.add_column("progress", ratio=1, min_width=8)
    table.add_column("", justify="right", no_wrap=True, min_width=4)
    if width >= 66:
        table.add_column("steps", justify="right", no_wrap=True)
    table.add_column("steps/s", justify="right", no_wrap=True)
    table.add_column("episodes", justify="right", no_wrap=True)
    table.add_column("return¹", justify="right", no_wrap=True)
    table.add_column("ETA", justify="right", no_wrap=True)
    for run in runs:
        table.add_row(*_cells(run, now, width))
    table.caption = Text("¹ mean of the last 100 episodes" + _lag(runs), style=QUIET)
    table.caption_justify = "left"
    return table


def _cells(run: RunProgress, now: float, width: int) -> list[Text | ProgressBar | str]:
    seen = run.summary
    if seen is None:
        return [run.label, Text("submitted", style=QUIET)]
    state = seen.state.value
    style = STATE_STYLES[state]
    cells: list[Text | ProgressBar | str] = [run.label, Text(state, style=style)]
    fraction = run.fraction
    if width >= 76:
        going = fraction is None and not seen.state.terminal and seen.steps > 0
        complete = GOOD if state == "completed" else BAR if not seen.state.terminal else style
        cells.append(ProgressBar(total=1.0, completed=fraction or 0.0, pulse=going, complete_style=complete,
                                 finished_style=complete, style=QUIET))  # fmt: skip
    cells.append("" if fraction is None else f"{int(fraction * 100)}%")
    if width >= 66:
        target = f"/{figures.short(seen.target_steps)}" if seen.target_steps else ""
        cells.append(f"{figures.short(seen.steps)}{target}")
    cells += [figures.short(run.rate(now)), figures.count(episodes_of(seen)), figures.decimal(return_of(seen))]
    elapsed = seen.ended_at is not None and seen.started_at is not None
    took = (seen.ended_at or 0.0) - (seen.started_at or 0.0)
    cells.append(Text(f"took {figures.duration(took)}", style=QUIET) if elapsed else figures.duration(run.eta_s(now)))
    return cells


def _lag(runs: list[RunProgress]) -> str:
    lag = sum(run.summary.lag_bytes for run in runs if run.summary)
    return f" · {figures.size(lag)} of logs not yet indexed" if lag > LAG_SHOWN_BYTES else ""
