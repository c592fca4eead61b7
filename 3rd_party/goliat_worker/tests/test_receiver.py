"""What the receiver takes of a study, and what it refuses."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from goliat_worker.receiver import Receiver, save_parts


def post(url: str, body: bytes, kind: str = "application/json") -> int:
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def send(url: str, message: dict[str, Any]) -> socket.socket:
    """Send a message as a program that ends at once does: without waiting for the answer."""
    host, _, secret = url.removeprefix("http://").partition("/")
    body = json.dumps({"machineId": "m", "message": message}).encode()
    connection = socket.create_connection((host.split(":")[0], int(host.split(":")[1])), timeout=10)
    head = f"POST /{secret}/api/gui-update HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def multipart(*parts: tuple[str, str | None, bytes]) -> tuple[bytes, str]:
    """Return a body and its content type; each part is a name, a file's name, and data."""
    lines = b""
    for name, file, data in parts:
        more = f'; filename="{file}"' if file is not None else ""
        lines += f'--B\r\nContent-Disposition: form-data; name="{name}"{more}\r\n\r\n'.encode() + data + b"\r\n"
    return lines + b"--B--\r\n", "multipart/form-data; boundary=B"


@pytest.fixture
def taken() -> list[dict[str, Any]]:
    return []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/api/gui-update", {"machineId": "m", "message": {"type": "print"}}, 200),
        ("/api/gui-update", {"type": "print"}, 200),
        ("/api/gui-update", [1], 400),
        ("/api/gui-update", {"message": 5}, 400),
        ("/api/heartbeat", {}, 200),
        ("/api/assignments/a/claim", {}, 200),
        ("/api/assignments/a/results", {}, 400),
        ("/api/other", {}, 404),
    ],
)
def test_calls(tmp_path: Path, taken: list[dict[str, Any]], path: str, body: Any, status: int) -> None:
    with Receiver(taken.append, tmp_path) as receiver:
        assert post(receiver.url + path, json.dumps(body).encode()) == status
        assert taken == ([{"type": "print"}] if path == "/api/gui-update" and status == 200 else [])


def test_a_message_that_is_being_taken_at_the_end_is_taken(tmp_path: Path) -> None:
    taken = []

    def slowly(message: dict[str, Any]) -> None:
        time.sleep(0.3)
        taken.append(message)

    with Receiver(slowly, tmp_path) as receiver, send(receiver.url, {"type": "print"}) as connection:
        connection.settimeout(0.1)
        with pytest.raises(TimeoutError):  # it was accepted, and has no answer yet
            connection.recv(1)
    assert taken == [{"type": "print"}]


def test_a_message_that_waits_at_the_end_is_taken(
    tmp_path: Path, taken: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    receiver = Receiver(taken.append, tmp_path)
    shutdown = receiver._server.shutdown
    connections = []

    def sent_just_then() -> None:
        shutdown()
        connections.append(send(receiver.url, {"type": "finished", "message": "with errors"}))

    monkeypatch.setattr(receiver._server, "shutdown", sent_just_then)
    with receiver:
        pass
    connections[0].close()
    assert taken == [{"type": "finished", "message": "with errors"}]


def test_others_on_the_machine_cannot_send(tmp_path: Path, taken: list[dict[str, Any]]) -> None:
    with Receiver(taken.append, tmp_path) as receiver:
        address = receiver.url.rpartition("/")[0]
        assert post(f"{address}/api/gui-update", b"{}") == 404
        assert post(f"{address}/wrong/api/gui-update", b"{}") == 404
    assert taken == []


def test_pictures_and_results_are_saved(tmp_path: Path, taken: list[dict[str, Any]]) -> None:
    picture, kind = multipart(("machineId", None, b"m"), ("Disk_I/O.jpg", "blob", b"\xff\xd8\r\n\x00"))
    results, _ = multipart(("relativePath", None, b"sim/1"), ("files", "a.json", b"{}"), ("files", "b.bin", b"\x00"))
    with Receiver(taken.append, tmp_path) as receiver:
        assert post(f"{receiver.url}/api/gui-screenshots", picture, kind) == 200
        assert post(f"{receiver.url}/api/assignments/a/results", results, kind) == 200
    assert (tmp_path / "screenshots/Disk_I/O.jpg").read_bytes() == b"\xff\xd8\r\n\x00"
    assert (tmp_path / "results/sim/1/a.json").read_bytes() == b"{}"
    assert (tmp_path / "results/sim/1/b.bin").read_bytes() == b"\x00"


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "..\\..\\evil", "a/../../evil"])
def test_names_stay_below_the_folder(tmp_path: Path, name: str) -> None:
    body, kind = multipart(("relativePath", None, name.encode()), ("files", name, b"x"))
    folder = tmp_path / "inner" / "results"
    assert save_parts(body, kind, folder) == 1
    assert [path for path in tmp_path.rglob("evil*") if path.is_file() and folder not in path.parents] == []
