"""Replies that are cut off are no replies: what was asked for is asked for again."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gym_gui.fleet.agent.monitoring import Monitoring
from gym_gui.fleet.agent.outbox import Outbox, OutboxSender
from gym_gui.fleet.agent.server import Refused, Unreachable, exchange


@contextmanager
def answering(reply: bytes) -> Iterator[str]:
    """Answer each connection with bytes and close it; give the address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(reply)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("status", [200, 503])
@pytest.mark.parametrize("limit", [None, 4, 100, 10_000])
def test_a_reply_that_is_cut_off_may_be_asked_for_again(status: int, limit: int | None) -> None:
    with answering(b"HTTP/1.1 %d X\r\nContent-Length: 1000\r\n\r\nhalf of" % status) as url:
        expected = Refused if (status, limit) == (200, 4) else Unreachable
        with pytest.raises(expected):
            exchange(urllib.request.Request(url), 10.0, limit=limit)


def test_half_a_config_is_none() -> None:
    with (
        answering(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"half": ') as url,
        pytest.raises(Unreachable, match="does not answer"),
    ):
        Monitoring(url).download("config.json")


@pytest.mark.parametrize("address", ["http://[x/config.json", "file:///etc/hostname", "ftp://127.0.0.1/config.json"])
def test_other_addresses_of_configs_are_refused(address: str) -> None:
    with pytest.raises(Refused):
        Monitoring("http://127.0.0.1:1").download(address)


@pytest.mark.parametrize("fault", [Refused(401, {}), Refused(403, {}), Unreachable("away"), ValueError("a bug")])
def test_messages_wait_until_they_may_be_sent(tmp_path: Path, fault: Exception) -> None:
    outbox = Outbox(tmp_path / "o.db")
    outbox.put({"message": {"type": "finished"}})
    faults, over = [fault] * 2, threading.Event()
    sent: list[dict[str, object]] = []

    def post(body: dict[str, object]) -> None:
        if faults:
            raise faults.pop()
        sent.append(body)
        over.set()

    sender = OutboxSender(outbox, post, lambda _: None)
    sender.start()
    assert over.wait(30)
    sender.close()
    (body,) = sent
    assert body["message"] == {"type": "finished"}
    assert body["messageId"], "the server takes what is sent again for one message"
    assert outbox.empty
    outbox.close()
