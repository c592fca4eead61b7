"""Calls of an attempt on a node: they wait there until the driver fetches them, and come back answered."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from gym_gui.fleet.agent.server import TIMEOUT_S, Answer, Refused, Server, Unreachable


class RelayServer(Server):
    """A server whose calls are fetched, so that a node needs no connection of its own to the home."""

    def __init__(self) -> None:
        super().__init__("the home", "")
        self.fetched_at = time.monotonic()
        """When a driver last fetched, monotonic seconds."""
        self._change = threading.Condition()
        self._number = 0
        self._waiting: dict[int, tuple[str, str, bytes]] = {}
        """By number: call, what it says as JSON, bytes."""
        self._fetched: set[int] = set()
        self._answers: dict[int, tuple[int, str, bytes]] = {}
        self._driver = ""

    def call(
        self, method: str, body: dict[str, Any], data: bytes | None = None, timeout_s: float = TIMEOUT_S
    ) -> Answer:
        with self._change:
            self._number += 1
            number = self._number
            self._waiting[number] = (method, json.dumps(body), data or b"")
            self._change.notify_all()
            answered = self._change.wait_for(lambda: number in self._answers, timeout_s)
            self._waiting.pop(number, None)
            self._fetched.discard(number)
            if not answered:
                raise Unreachable("no driver of the home fetches what the node ships")
            status, text, given = self._answers.pop(number)
        if status >= 500:
            raise Unreachable(f"the home cannot store it now: status {status}")
        self.answered += 1
        said = json.loads(text)
        if status != 200:
            raise Refused(status, said)
        return Answer(said, given)

    def exchange(
        self, driver: str, answers: list[tuple[int, int, str, bytes]], wait_s: float
    ) -> list[tuple[int, str, str, bytes]]:
        """Take answers, and return the calls that wait, as soon as there are any.

        Args:
            driver: Who fetches; what another one fetched and did not answer is given again.
            answers: Number, status, JSON and bytes of each.
            wait_s: The longest wait for a call, seconds.
        """
        self.fetched_at = time.monotonic()
        with self._change:
            if driver != self._driver:
                self._driver = driver
                self._fetched.clear()
            for number, status, text, data in answers:
                if number in self._waiting:
                    self._answers[number] = (status, text, data)
            self._change.notify_all()
            deadline = time.monotonic() + wait_s
            while driver == self._driver:
                numbers = [each for each in self._waiting if each not in self._fetched and each not in self._answers]
                left = deadline - time.monotonic()
                if numbers or left <= 0:
                    self._fetched.update(numbers)
                    return [(number, *self._waiting[number]) for number in numbers]
                self._change.wait(left)
            return []

    def wake(self) -> None:
        """Let a fetch that waits return now."""
        with self._change:
            self._driver = ""
            self._change.notify_all()
