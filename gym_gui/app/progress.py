"""How a run is getting on, worked out of the summaries seen so far (pure)."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from gym_gui.runs import ReturnSpread, RunState, RunSummary, WorkerSummary

if TYPE_CHECKING:
    from gym_gui.reading import Description

RATE_WINDOW_S = 10.0
SHORTEST_WINDOW_S = 0.5
"""Over less than this a speed says more of how summaries travel than of the training."""


class RunProgress:
    """One run as a viewer sees it: its newest summary, its recent rate, and when it may be done.

    Args:
        label: What to call the run in the view.
    """

    def __init__(self, label: str = "") -> None:
        self.label = label
        self.summary: RunSummary | None = None
        self.target_episodes: int | None = None
        """Of an evaluation: how many episodes it is to have."""
        self.workers: dict[str, RunProgress] = {}
        """The workers of a run that has several, each taken as a run of its own."""
        self._seen: deque[tuple[float, int]] = deque()
        """Times, from the first steps on, at which more steps were taken than before; and how many."""
        self._measured = self._advanced = 0.0

    def update(self, summary: RunSummary, now: float) -> bool:
        """Take a newer summary.

        Args:
            summary: The summary.
            now: When it came: monotonic time, seconds.

        Returns:
            Whether the run's state differs from that of the summary before.
        """
        changed = self.summary is None or self.summary.state is not summary.state
        # The time at which the steps were counted: summaries may be old, or come in bursts.
        at = now if summary.measured_at is None else summary.measured_at
        begun = bool(self._seen) and summary.steps >= self._seen[-1][1] and at >= self._measured
        if not begun or not summary.steps or summary.state is RunState.PAUSED:
            self._seen.clear()  # nothing taken yet, a new attempt, a pause: the measurement starts again here
        self._measured = at
        more = not self._seen or summary.steps > self._seen[-1][1]
        if summary.steps and summary.state is not RunState.PAUSED and more:
            self._seen.append((at, summary.steps))
            self._advanced = now
        while len(self._seen) > 2 and self._seen[1][0] < at - RATE_WINDOW_S:
            self._seen.popleft()
        self.summary = summary
        for worker in summary.workers if len(summary.workers) > 1 else ():
            part = self.workers.setdefault(worker.worker_id, RunProgress(worker.worker_id))
            part.update(worker_as_run(summary, worker), now)
        return changed

    @property
    def fraction(self) -> float | None:
        """Share that is done, 0 to 1: of the steps, of an evaluation's episodes; ``None`` where no target is known."""
        run = self.summary
        if run is not None and self.target_episodes:
            return min(eval_episodes_of(run) / self.target_episodes, 1.0)
        if run is None or not run.target_steps:
            return None
        return min(run.steps / run.target_steps, 1.0)

    def rate(self, now: float) -> float | None:
        """Return recent environment steps a second; of a run that has ended, its average.

        ``None`` until two counts of steps are known: what was taken before the view began says nothing of the speed.

        Args:
            now: Monotonic time, seconds.
        """
        run = self.summary
        if run is None:
            return None
        if run.state.terminal:
            return average_rate(run)
        if len(self._seen) < 2:
            return None
        (begin, first), (end, last) = self._seen[0], self._seen[-1]
        elapsed = end - begin
        quiet = now - self._advanced
        if quiet > max(RATE_WINDOW_S, elapsed):  # longer than steps have taken to come: it has become slower
            elapsed += quiet
        return (last - first) / elapsed if elapsed >= SHORTEST_WINDOW_S else None

    def eta_s(self, now: float) -> float | None:
        """Return the seconds until the target at the recent rate; ``None`` where nothing can be said."""
        run, rate = self.summary, self.rate(now)
        if (
            self.target_episodes
            or run is None
            or run.state.terminal
            or not run.target_steps
            or not rate
            or run.steps >= run.target_steps
        ):
            return None
        return (run.target_steps - run.steps) / rate


def worker_as_run(run: RunSummary, worker: WorkerSummary) -> RunSummary:
    """Return one worker of a run as a run of its own."""
    return RunSummary(
        run_id=run.run_id,
        state=worker.state,
        cause=worker.cause,
        steps=worker.steps,
        target_steps=worker.target_steps,
        episodes=worker.episodes,
        mean_return_100=worker.mean_return_100,
        recent_episodes=worker.recent_episodes,
        nan_episodes=worker.nan_episodes,
        eval_episodes=worker.eval_episodes,
        eval_steps=worker.eval_steps,
        evaluation=worker.evaluation,
        eval_nan_episodes=worker.eval_nan_episodes,
        steps_per_second=worker.steps_per_second,
        measured_at=run.measured_at,
        workers=[worker],
    )


def return_label(run: RunSummary) -> str:
    """Return of how many episodes, and of which, the mean return is made that stands for a run."""
    if run.mean_return_100 is None:
        return f"mean of {_episodes(eval_episodes_of(run), 'evaluation episode')}"
    averaged = sum(worker.mean_return_100 is not None for worker in run.workers)
    if averaged > 1:
        return (
            f"mean of {averaged} workers' means, over their last {_episodes(run.recent_episodes, 'training episode')}"
        )
    if not run.recent_episodes:  # told by a daemon that does not count them
        return "mean of at most the last 100 training episodes"
    last = "last " if run.episodes > run.recent_episodes else ""
    return f"mean of the {last}{_episodes(run.recent_episodes, 'training episode')}"


def spread_text(spread: ReturnSpread) -> str:
    """Return mean, deviation, extremes and number of some episodes, in words."""
    from gym_gui.look import figures

    mean, std, low, high = map(figures.decimal, (spread.mean, spread.std, spread.min, spread.max))
    return f"{mean} ± {std} ({low} to {high}) over {_episodes(spread.episodes, 'episode')}"


def description_text(found: Description) -> str:
    """Return all centres and spreads of some values, in words."""
    from gym_gui.look import figures

    mean, std, median, iqm = map(figures.decimal, (found.mean, found.std, found.median, found.iqm))
    low, high, mean_low, mean_high = map(figures.decimal, (found.low, found.high, found.mean_low, found.mean_high))
    return (
        f"mean {mean} ± {std} (95 % bootstrap interval {mean_low} to {mean_high}), median {median}, interquartile mean"
        f" {iqm}, from {low} to {high}"
    )


def nan_text(run: RunSummary) -> str:
    """Return that some episodes have no finite return, in words; empty where all have one."""
    counts = ((run.nan_episodes, "training"), (run.eval_nan_episodes, "evaluation"))
    parts = [_episodes(count, f"{kind} episode") for count, kind in counts if count]
    return f"{' and '.join(parts)} with a return that is not a finite number (NaN, Infinity)" if parts else ""


def episodes_of(run: RunSummary) -> int:
    """Return how many training episodes have ended, or evaluation episodes where there was no training."""
    return run.episodes or eval_episodes_of(run)


def eval_episodes_of(run: RunSummary) -> int:
    """Return how many evaluation episodes have ended."""
    return run.eval_episodes or sum(worker.eval_episodes for worker in run.workers)


def average_rate(run: RunSummary) -> float | None:
    """Return the average environment steps a second of a run, from its first steps on where their time is known."""
    if run.steps_per_second is not None:
        return run.steps_per_second
    if run.started_at is None or run.ended_at is None or run.ended_at <= run.started_at or not run.steps:
        return None
    inherited = 0
    if run.parent_run_id is not None:  # a resumed run counts on from its checkpoint
        inherited = sum(worker.curve[0].step for worker in run.workers if worker.curve)
    return (run.steps - inherited) / (run.ended_at - run.started_at)


def _episodes(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def labels_of(runs: list[RunSummary]) -> list[str]:
    """Return a short name per run: its own, with the seed where that is what tells several apart."""
    names = [run.run_name or run.run_id for run in runs]
    if len(set(names)) == len(names):
        return names
    named = [f"{name} seed {run.seed}" if run.seed is not None else name for name, run in zip(names, runs, strict=True)]
    if len(set(named)) == len(named):
        return named
    return [f"{name} {run.run_id[-6:]}" for name, run in zip(names, runs, strict=True)]
