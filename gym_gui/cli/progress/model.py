"""How a run is getting on, worked out of the summaries seen so far (pure)."""

from __future__ import annotations

from collections import deque

from gym_gui.runs.summary import RunSummary, WorkerSummary

RATE_WINDOW_S = 10.0


class RunProgress:
    """One run as a viewer sees it: its newest summary, its recent rate, and when it may be done.

    Args:
        label: What to call the run in the view.
    """

    def __init__(self, label: str = "") -> None:
        self.label = label
        self.summary: RunSummary | None = None
        self.workers: dict[str, RunProgress] = {}
        """The workers of a run that has several, each looked at as a run of its own."""
        self._seen: deque[tuple[float, int]] = deque()

    def update(self, summary: RunSummary, now: float) -> bool:
        """Take a newer summary.

        Args:
            summary: The summary.
            now: When it came: monotonic time, seconds.

        Returns:
            Whether the run's state differs from that of the summary before.
        """
        changed = self.summary is None or self.summary.state is not summary.state
        begins = self._seen and not self._seen[-1][1] and summary.parent_run_id is not None and summary.steps
        if begins or (self._seen and summary.steps < self._seen[-1][1]):
            self._seen.clear()  # a new attempt counts from the start, a resumed run from its checkpoint
        if not self._seen or summary.steps > self._seen[-1][1]:
            self._seen.append((now, summary.steps))
        while len(self._seen) > 2 and self._seen[1][0] < now - RATE_WINDOW_S:
            self._seen.popleft()
        self.summary = summary
        for worker in summary.workers if len(summary.workers) > 1 else ():
            part = self.workers.setdefault(worker.worker_id, RunProgress(worker.worker_id))
            part.update(as_run(summary, worker), now)
        return changed

    @property
    def fraction(self) -> float | None:
        """Share of the steps that are done, 0 to 1; ``None`` where the target is not known."""
        run = self.summary
        if run is None or not run.target_steps:
            return None
        return min(run.steps / run.target_steps, 1.0)

    def rate(self, now: float) -> float | None:
        """Return recent environment steps a second; of a run that has ended, its average."""
        run = self.summary
        if run is None:
            return None
        if run.state.terminal:
            return average_rate(run)
        if len(self._seen) < 2:
            return None
        (begin, first), (_, last) = self._seen[0], self._seen[-1]
        return (last - first) / (now - begin) if now > begin else None

    def eta_s(self, now: float) -> float | None:
        """Return the seconds until the target at the recent rate; ``None`` where nothing can be said."""
        run, rate = self.summary, self.rate(now)
        if run is None or run.state.terminal or not run.target_steps or not rate or run.steps >= run.target_steps:
            return None
        return (run.target_steps - run.steps) / rate


def as_run(run: RunSummary, worker: WorkerSummary) -> RunSummary:
    """Return one worker of a run as a run of its own."""
    return RunSummary(
        run_id=run.run_id,
        state=worker.state,
        cause=worker.cause,
        steps=worker.steps,
        target_steps=worker.target_steps,
        episodes=worker.episodes,
        mean_return_100=worker.mean_return_100,
        workers=[worker],
    )


def return_of(run: RunSummary) -> float | None:
    """Return the mean return that stands for a run: of its training, else of its evaluation."""
    if run.mean_return_100 is not None:
        return run.mean_return_100
    measured = [worker.eval_mean_return for worker in run.workers if worker.eval_mean_return is not None]
    return sum(measured) / len(measured) if measured else None


def episodes_of(run: RunSummary) -> int:
    """Return how many training episodes have ended, or evaluation episodes where there was no training."""
    return run.episodes or sum(worker.eval_episodes for worker in run.workers)


def average_rate(run: RunSummary) -> float | None:
    """Return the environment steps a second of a run from start to end."""
    if run.started_at is None or run.ended_at is None or run.ended_at <= run.started_at or not run.steps:
        return None
    inherited = 0
    if run.parent_run_id is not None:  # a resumed run counts on from its checkpoint
        inherited = sum(worker.curve[0].step for worker in run.workers if worker.curve)
    return (run.steps - inherited) / (run.ended_at - run.started_at)


def labels_of(runs: list[RunSummary]) -> list[str]:
    """Return a short name per run: its own, with the seed where that is what tells several apart."""
    names = [run.run_name or run.run_id for run in runs]
    if len(set(names)) == len(names):
        return names
    named = [f"{name} seed {run.seed}" if run.seed is not None else name for name, run in zip(names, runs, strict=True)]
    if len(set(named)) == len(named):
        return named
    return [f"{name} {run.run_id[-6:]}" for name, run in zip(names, runs, strict=True)]
