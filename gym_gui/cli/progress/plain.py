"""Progress as lines: for files, pipes and terminals that cannot redraw."""

from __future__ import annotations

import contextlib
from typing import IO

from gym_gui.app import RunProgress, episodes_of, nan_text, return_label
from gym_gui.core.terminal_text import escape
from gym_gui.look import figures
from gym_gui.runs import RunState, RunSummary, return_of
from gym_gui.trainer import phase_text, stalled_since

EVERY_S = 5.0
#: A phase that follows another sooner than this is told with the next line, seconds.
PHASE_EVERY_S = 1.0


class PlainView:
    """Prints a line a run every few seconds, and one at each change of state, and as workers begin something long.

    Args:
        stream: Where to.
        every_s: Seconds between two rounds of lines.
    """

    def __init__(self, stream: IO[str], every_s: float = EVERY_S) -> None:
        self._stream = stream
        self._every_s = every_s
        self._begin: float | None = None
        self._last = 0.0
        self._ended: set[tuple[str, str]] = set()
        self._lost = False
        self._phases: dict[str, tuple[float, str]] = {}

    def __enter__(self) -> PlainView:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._stream.flush()

    def show(self, runs: list[RunProgress], changed: set[str], now: float, age_s: float | None = None) -> None:
        """Print the runs whose state has changed, and all that are going where it is time for it.

        While the connection is lost, that is printed instead.
        """
        if self._begin is None:
            self._begin = self._last = now
        due = now - self._last >= self._every_s
        was_lost, self._lost = self._lost, age_s is not None
        due = due or self._lost is not was_lost
        if due:
            self._last = now
        if age_s is not None:
            if due:
                self.note(f"[{now - self._begin:6.1f} s] {lost_text(age_s)}")
            return
        for run in runs:
            for worker in run.workers.values():
                self._note_end(run, worker, now - self._begin)
            seen = run.summary
            if seen is None:
                continue
            fresh = self._has_new_phase(seen, now)
            if seen.run_id in changed or fresh or (due and not seen.state.terminal):
                self.note(f"[{now - self._begin:6.1f} s] {line_of(run, now)}")

    def _has_new_phase(self, run: RunSummary, now: float) -> bool:
        """Return whether workers are busy with something else than the last line said."""
        at, shown = self._phases.get(run.run_id, (float("-inf"), ""))
        phase = phase_text(run)
        if phase == shown or now - at < PHASE_EVERY_S:
            return False
        self._phases[run.run_id] = (now, phase)
        return bool(phase)

    def _note_end(self, run: RunProgress, worker: RunProgress, at: float) -> None:
        """Print once how a worker of several has ended."""
        seen = worker.summary
        if seen is not None and seen.state.terminal and (seen.run_id, worker.label) not in self._ended:
            self._ended.add((seen.run_id, worker.label))
            cause = f" ({seen.cause})" if seen.cause else ""
            counts = f"{figures.count(seen.steps)} steps · {figures.count(episodes_of(seen))} episodes"
            self.note(f"[{at:6.1f} s] {run.label}, worker {worker.label}: {seen.state.value}{cause} · {counts}")

    def note(self, message: str) -> None:
        """Print a sentence."""
        # The reader of the lines may leave early (``| head``); the runs want us still.
        with contextlib.suppress(BrokenPipeError):
            self._stream.write(escape(message) + "\n")
            self._stream.flush()


def line_of(run: RunProgress, now: float) -> str:
    """Return one line that says how a run is getting on."""
    seen = run.summary
    assert seen is not None
    parts = [f"{run.label}: {seen.state.value}"]
    if seen.cause and seen.state.value in ("failed", "lost", "cancelled", "queued"):
        parts[0] += f" ({seen.cause})"
    if seen.steps or episodes_of(seen):
        done = f"/{figures.count(seen.target_steps)}" if seen.target_steps and not run.target_episodes else ""
        share = f" ({run.fraction:.0%})" if run.fraction is not None else ""
        parts.append(f"{figures.count(seen.steps)}{done} steps{'' if run.target_episodes else share}")
        if (rate := run.rate(now)) is not None:
            parts.append(f"{figures.short(rate)} steps/s")
        wanted = f"/{figures.count(run.target_episodes)}" if run.target_episodes else ""
        parts.append(f"{figures.count(episodes_of(seen))}{wanted} episodes{share if run.target_episodes else ''}")
    if phase := phase_text(seen):
        parts.append(phase)
    if (mean := return_of(seen)) is not None:
        spread = (
            f" ± {figures.decimal(seen.evaluation.std)}" if seen.mean_return_100 is None and seen.evaluation else ""
        )
        parts.append(f"return {figures.decimal(mean)}{spread} ({return_label(seen)})")
    if odd := nan_text(seen):
        parts.append(odd)
    if (eta := run.eta_s(now)) is not None:
        parts.append(f"ETA {figures.duration(eta)}")
    if still := stalled_since(seen):
        parts.append(still)
    if seen.lag_bytes > LAG_SHOWN_BYTES:
        parts.append(f"{figures.size(seen.lag_bytes)} of log not yet indexed")
    return " · ".join(parts)


def lost_text(age_s: float) -> str:
    """Return the sentence on a lost connection.

    Args:
        age_s: How old the figures are, seconds.
    """
    return f"the connection to the daemon is lost, trying again; the figures are {figures.duration(age_s)} old"


def remarks_on(run: RunSummary) -> list[str]:
    """Return what else is to be known of a run that has not ended, since no column of a table shows it."""
    waits = run.cause if run.state in (RunState.QUEUED, RunState.PAUSED) else ""
    return [] if run.state.terminal else [text for text in (waits, nan_text(run), stalled_since(run)) if text]


LAG_SHOWN_BYTES = 1 << 20
"""Below this, what is not yet indexed is no news."""
