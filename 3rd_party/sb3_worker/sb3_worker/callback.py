"""What happens beside the training: metrics, checkpoints, an early end."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from stable_baselines3.common.callbacks import BaseCallback

from .sdk import HeldSignals


class RunCallback(BaseCallback):
    """Looks after a run at the moments at which nothing is half done.

    Args:
        signals: Requests to stop.
        save: Saves a checkpoint.
        checkpoint_interval: Steps between checkpoints; 0: none before the end.
        metrics_interval: Steps between two writings of the library's figures; 0: after every update.
    """

    def __init__(
        self, signals: HeldSignals, save: Callable[[], None], checkpoint_interval: int, metrics_interval: int
    ) -> None:
        super().__init__()
        self._signals, self._save = signals, save
        self._checkpoint_interval, self._metrics_interval = checkpoint_interval, metrics_interval
        self._first_step = self._saved_at = self._written_at = 0
        self._began = time.perf_counter()

    def speed(self) -> float:
        """Environment steps per second of this process."""
        elapsed = time.perf_counter() - self._began
        return (self.model.num_timesteps - self._first_step) / elapsed if elapsed > 0 else 0.0

    def write_metrics(self) -> None:
        """Write the library's figures now, with those of the last update."""
        self._written_at = self.model.num_timesteps
        model: Any = self.model
        model.dump_logs()

    def _on_training_start(self) -> None:
        self._first_step = self._saved_at = self._written_at = self.model.num_timesteps
        self._began = time.perf_counter()

    def _on_rollout_start(self) -> None:
        # The last update is done and the next rollout has not begun: the model is whole.
        step = self.model.num_timesteps
        if step > self._written_at and step - self._written_at >= self._metrics_interval:
            self.write_metrics()
        interval = self._checkpoint_interval
        if interval and step // interval > self._saved_at // interval:
            self._saved_at = step
            self._save()
        self._stop_if_asked()

    def _on_step(self) -> bool:
        self._stop_if_asked()
        return True

    def _stop_if_asked(self) -> None:
        if self._signals.pending:
            self._save()
            self._signals.deliver()
