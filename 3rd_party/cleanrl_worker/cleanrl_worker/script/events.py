"""What the environments of a script send, as telemetry."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from typing import Any


class ScriptEvents:
    """Emits the steps and episodes of a script, and keeps count.

    Args:
        emitter: Where events go.
    """

    def __init__(self, emitter: Any) -> None:
        self._emitter = emitter
        # Episodes whose steps are left out because the run's disk quota was used up when they began.
        self._refused: dict[int, int] = {}
        self._picked: set[int] = set()
        self._accounted = 0
        self.steps = self.episodes = 0
        self.recent: deque[float] = deque(maxlen=100)

    def take(self, lines: Iterable[bytes]) -> None:
        """Emit what comes until the script has closed its end."""
        for line in lines:
            try:
                message = json.loads(line)
            except ValueError:  # the line that the script was killed in
                continue
            getattr(self, f"_{message.pop('kind')}")(message)

    def close(self) -> None:
        """Have the steps of unfinished episodes that were left out reported in the next event."""
        if self.steps > self._accounted:
            self._emitter.count_sampled(self.steps - self._accounted)

    def _step(self, message: dict[str, Any]) -> None:
        self.steps = max(self.steps, message["step_index"] + 1)
        number = message["ep_index"]
        if number not in self._picked and number not in self._refused:
            if self._emitter.allows_steps():
                self._picked.add(number)
            else:
                self._refused[number] = 0
        if number in self._refused:
            self._refused[number] += 1
            return
        self._accounted += 1
        self._emitter.step(message.pop("step_index"), **message)

    def _episode(self, message: dict[str, Any]) -> None:
        self.steps = max(self.steps, message.pop("total_steps"))
        number = message.pop("ep_index")
        self._picked.discard(number)
        message["sampled"] += self._refused.pop(number, 0)
        self._accounted += message["sampled"]
        if not message["sampled"]:
            del message["sampled"]
        if message["phase"] == "train":
            self.episodes += 1
            self.recent.append(message["total_reward"])
        self._emitter.episode(number, **message)

    def _progress(self, message: dict[str, Any]) -> None:
        self.steps = max(self.steps, message["steps"])
