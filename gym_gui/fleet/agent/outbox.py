"""Messages on their way to the server, on disk: bounded, sent in order, tried until they are taken."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from gym_gui.fleet.agent.server import WITHOUT_LEAVE, Refused, Unreachable, wait_s

#: Bytes of messages that wait at most.
MAX_OUTBOX = 64 << 20
#: Seconds between two reports of the same progress: 5 Hz.
PROGRESS_S = 0.2
#: Messages of which the last one says all; one is kept of each, and of each stage.
PROGRESS = ("overall_progress", "stage_progress", "profiler_update", "sim_details", "simulation_details")
#: Messages that are never dropped.
ENDS = ("finished", "memory_error")
_OUTBOX_LOOK_S = 0.02
_TABLE = """
CREATE TABLE IF NOT EXISTS message (
  number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT UNIQUE, kind TEXT NOT NULL, body TEXT NOT NULL)
"""


class _Waiting(NamedTuple):
    """A message that waits."""

    number: int
    key: str | None
    body: str


class Outbox:
    """The messages that wait.

    Args:
        path: Where they are kept.
        max_bytes: How much of them at most; beyond that the oldest log lines go first, and are counted.

    Raises:
        sqlite3.Error: The file cannot be used.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_OUTBOX) -> None:
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._database = sqlite3.connect(str(path), isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA synchronous = OFF")  # a crash of the machine ends the study, too
        self._database.execute(_TABLE)
        (self._bytes,) = self._database.execute("SELECT coalesce(sum(length(body)), 0) FROM message").fetchone()
        self.dropped = 0
        """Messages that were dropped for want of space."""

    def put(self, body: dict[str, Any]) -> None:
        """Keep a message until it is sent; of progress the last one alone.

        Args:
            body: As it is posted, with ``message``.

        Raises:
            sqlite3.Error: The disk refuses.
        """
        message = body.get("message")
        kind = str(message.get("type", "")) if isinstance(message, dict) else ""
        key = f"{kind} {message.get('name', '')}" if kind in PROGRESS and isinstance(message, dict) else None
        text = json.dumps({"messageId": os.urandom(12).hex(), **body})  # it may be sent again
        with self._lock:
            if key is not None:
                self._delete("key = ?", key)
            self._database.execute("INSERT INTO message (key, kind, body) VALUES (?, ?, ?)", (key, kind, text))
            self._bytes += len(text)
            while self._bytes > self._max_bytes and self._drop():
                self.dropped += 1

    def first(self, keys: list[str]) -> _Waiting | None:
        """Return the oldest message that waits.

        Args:
            keys: Progress that is not yet due again.
        """
        marks = ",".join("?" * len(keys))
        query = (
            f"SELECT number, key, body FROM message WHERE key IS NULL OR key NOT IN ({marks}) ORDER BY number LIMIT 1"  # noqa: S608
        )
        with self._lock:
            row = self._database.execute(query, keys).fetchone()
        return None if row is None else _Waiting(*row)

    def remove(self, number: int) -> None:
        """Forget a message that was sent."""
        with self._lock:
            self._delete("number = ?", number)

    @property
    def empty(self) -> bool:
        """Whether no message waits."""
        with self._lock:
            return self._database.execute("SELECT 1 FROM message LIMIT 1").fetchone() is None

    def close(self) -> None:
        """Close the file; what waits stays in it."""
        with self._lock:
            self._database.close()

    def _drop(self) -> bool:
        """Drop the oldest message that may be dropped, log lines before others; return whether there was one."""
        marks = ",".join("?" * len(ENDS))
        row = self._database.execute(
            f"SELECT number FROM message WHERE kind NOT IN ({marks}) ORDER BY kind != 'log_batch', number LIMIT 1",  # noqa: S608
            ENDS,
        ).fetchone()
        if row is not None:
            self._delete("number = ?", row[0])
        return row is not None

    def _delete(self, where: str, value: object) -> None:
        (size,) = self._database.execute(
            f"SELECT coalesce(sum(length(body)), 0) FROM message WHERE {where}",  # noqa: S608 - one of two conditions
            (value,),
        ).fetchone()
        self._database.execute(f"DELETE FROM message WHERE {where}", (value,))  # noqa: S608
        self._bytes -= size


class OutboxSender:
    """Sends what waits, in a thread of its own.

    Args:
        outbox: The messages.
        post: Sends one.
        say: Takes messages for the log.
    """

    def __init__(self, outbox: Outbox, post: Callable[[dict[str, Any]], object], say: Callable[[str], None]) -> None:
        self._outbox = outbox
        self._post = post
        self._say = say
        self._sent_at: dict[str, float] = {}
        self._failures = 0
        self._dropped = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._send, name="outbox", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self) -> None:
        """Send no more; what waits is sent when the agent is started again."""
        self._over.set()
        self._thread.join(10.0)

    def _send(self) -> None:
        while not self._over.is_set():
            now = time.monotonic()
            early = [key for key, at in self._sent_at.items() if now - at < PROGRESS_S]
            try:
                waiting = self._outbox.first(early)
                pause = _OUTBOX_LOOK_S if waiting is None else self._send_one(waiting)
            except Exception as error:  # noqa: BLE001 - a full disk, say: without this thread no study would end
                pause = self._put_off(error)
            self._over.wait(pause)
            if self._outbox.dropped > self._dropped:
                self._dropped = self._outbox.dropped
                self._say(f"{self._dropped} messages of studies were dropped: more waited than may be kept")

    def _put_off(self, error: Exception, retry_after_s: float = 0.0) -> float:
        """Say that messages wait; return how long, seconds."""
        self._failures += 1
        if not self._failures & (self._failures - 1):
            self._say(f"Messages of the study wait: {error} (attempt {self._failures})")
        return wait_s(self._failures, retry_after_s)

    def _send_one(self, waiting: _Waiting) -> float:
        """Send a message; return how long to wait before the next one, seconds."""
        try:
            self._post(json.loads(waiting.body))
        except Unreachable as error:
            return self._put_off(error, error.retry_after_s)
        except Refused as refused:
            if refused.status in WITHOUT_LEAVE:
                return self._put_off(refused)
            self._say(f"The server does not take a message of the study: {refused}")
        self._failures = 0
        if waiting.key is not None:
            self._sent_at[waiting.key] = time.monotonic()
        self._outbox.remove(waiting.number)
        return 0.0
