"""Machines that report over HTTP, all in one process that does little else than make system calls."""

from __future__ import annotations

import errno
import heapq
import json
import random
import select
import socket
import time

#: Messages a second and machine, seconds between two heartbeats, and for an answer.
RATE, BEAT_S, TIMEOUT_S = 5.0, 5.0, 30.0
STAGE, TOTAL = "simulation", 1_000_000
_READ = 1 << 14


def machine_id(number: int) -> str:
    """Return the name of a machine."""
    return f"machine-{number}"


class _Machine:
    """One machine: it makes one call at a time."""

    __slots__ = ("beat", "beats", "began", "due", "progress", "received", "sent", "socket", "unsent")

    def __init__(self, number: int) -> None:
        name = machine_id(number)
        self.beat = json.dumps({"machineId": name}).encode()
        message = json.dumps({"type": "stage_progress", "name": STAGE, "total": TOTAL})[:-1]
        # Formatted, not encoded: the whole object each time would cost the machines more than the rest of a call.
        self.progress = f'{{"machineId": "{name}", "message": {message}, "current": %d}}, "timestamp": %.6f}}'.encode()
        self.due = self.beats = 0.0
        """When its next message and its next heartbeat are due."""
        self.sent = 0
        """How many of its progress messages were taken."""
        self.socket: socket.socket | None = None
        self.began = 0.0
        self.unsent = self.received = b""


class Machines:
    """Machines that send progress five times a second, and a heartbeat every five seconds.

    Args:
        where: Address and port of the server.
        count: How many.
        keep: Each keeps its connection; else it makes a new one for each call.
    """

    def __init__(self, where: tuple[str, int], count: int, *, keep: bool) -> None:
        self._where = where
        self._keep = keep
        how = "keep-alive" if keep else "close"
        head = f"host: {where[0]}:{where[1]}\r\nconnection: {how}\r\ncontent-type: application/json\r\n"
        self._heads = [f"POST {path} HTTP/1.1\r\n{head}".encode() for path in ("/api/gui-update", "/api/heartbeat")]
        self._machines = [_Machine(number) for number in range(count)]
        self._calling: dict[int, tuple[_Machine, bool]] = {}
        """By file descriptor, who makes a call, and whether that is a heartbeat."""
        self._poll = select.epoll()
        self._due: list[tuple[float, int]] = []
        self.progress_s: list[float] = []
        """How long the answers to progress messages took, from before the connection until the whole was there."""
        self.heartbeat_s: list[float] = []
        """The same of heartbeats."""
        self.refused = 0
        """Calls that were not answered with 200."""

    @property
    def sent(self) -> list[int]:
        """By machine, how many progress messages were taken."""
        return [each.sent for each in self._machines]

    def report(self, seconds: float) -> None:
        """Have all of them report for a while."""
        now = time.perf_counter()
        until, looked_at = now + seconds, now
        for number, machine in enumerate(self._machines):
            machine.due, machine.beats = now + random.uniform(0, 1 / RATE), now + random.uniform(0, BEAT_S)
            heapq.heappush(self._due, (machine.due, number))
        numbers = {machine: number for number, machine in enumerate(self._machines)}
        while self._due or self._calling:
            now = time.perf_counter()
            while self._due and self._due[0][0] <= now:
                machine = self._machines[heapq.heappop(self._due)[1]]
                if now < until:
                    self._call(machine, beat=now >= machine.beats)
                    now = time.perf_counter()
            wait_s = self._due[0][0] - now if self._due else 1.0 if self._calling else 0.0
            for descriptor, event in self._poll.poll(min(max(wait_s, 0.0), 1.0)):
                if descriptor not in self._calling:  # the server has closed a connection that was kept
                    self._drop(descriptor)
                    continue
                machine, beat = self._calling[descriptor]
                status = self._go_on(machine, event)
                if status is None:
                    continue
                del self._calling[descriptor]
                now = time.perf_counter()
                self._note(machine, status, now, beat=beat)
                if beat:
                    self._call(machine, beat=False)
                else:
                    machine.due += 1 / RATE
                    heapq.heappush(self._due, (machine.due, numbers[machine]))
            if now - looked_at > 1.0:
                looked_at = now
                for machine, _ in list(self._calling.values()):
                    if now - machine.began > TIMEOUT_S and machine.socket is not None:
                        machine.socket.shutdown(socket.SHUT_RDWR)  # it is noticed as one that the server has closed
        self._poll.close()

    def _call(self, machine: _Machine, *, beat: bool) -> None:
        """Make a call, or begin to."""
        machine.began, machine.received = time.perf_counter(), b""
        if beat:
            machine.beats += BEAT_S
            body = machine.beat
        else:
            body = machine.progress % (machine.sent, time.time())
        machine.unsent = b"%bcontent-length: %d\r\n\r\n%b" % (self._heads[beat], len(body), body)
        new = machine.socket is None
        if new:
            machine.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
            machine.socket.connect_ex(self._where)
        assert machine.socket is not None
        self._send(machine)
        descriptor = machine.socket.fileno()
        self._calling[descriptor] = machine, beat
        events = select.EPOLLOUT if machine.unsent else select.EPOLLIN
        if new:
            self._poll.register(descriptor, events)
        elif machine.unsent:
            self._poll.modify(descriptor, events)

    def _go_on(self, machine: _Machine, event: int) -> int | None:
        """Send or receive more; return the status of the answer once it is whole, 0 where none will come."""
        assert machine.socket is not None
        try:
            if machine.unsent:
                self._send(machine)
                if not machine.unsent:
                    self._poll.modify(machine.socket.fileno(), select.EPOLLIN)
                if not event & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                    return None
            data = machine.socket.recv(_READ)
        except BlockingIOError:
            return None
        except OSError:
            data = b""
        machine.received += data
        status = _status(machine.received)
        if status is not None or not data:
            if not self._keep or not data or b"\r\nconnection: close" in machine.received:
                machine.socket.close()
                machine.socket = None
            return status or 0
        return None

    def _drop(self, descriptor: int) -> None:
        """Close a connection that is used by no call."""
        for machine in self._machines:
            if machine.socket is not None and machine.socket.fileno() == descriptor:
                machine.socket.close()
                machine.socket = None

    def _send(self, machine: _Machine) -> None:
        assert machine.socket is not None
        try:
            machine.unsent = machine.unsent[machine.socket.send(machine.unsent) :]
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.ENOTCONN):
                machine.unsent = b""  # what is received tells

    def _note(self, machine: _Machine, status: int, now: float, *, beat: bool) -> None:
        if status != 200:
            self.refused += 1
            return
        (self.heartbeat_s if beat else self.progress_s).append(now - machine.began)
        machine.sent += not beat


def _status(received: bytes) -> int | None:
    """Return the status of an answer that is there whole."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    begin = received.find(b"content-length: ", 0, end) + 16
    size = int(received[begin : received.find(b"\r\n", begin)])
    return int(received[9:12]) if len(received) >= end + 4 + size else None
