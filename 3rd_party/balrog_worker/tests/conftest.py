"""Runs of the worker inside the test process, and an endpoint that says what a test wants."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any

import pytest

#: The settings of a short run.
SHORT = {
    "env_id": "babyai/BabyAI-GoToRedBallNoDists-v0",
    "episodes": 2,
    "max_episode_steps": 6,
    "heartbeat_interval_s": 0,
    "backoff_s": 0.001,
}


@dataclass
class Ran:
    """What a run printed."""

    summary: dict[str, Any]
    events: list[dict[str, Any]]
    text: str

    def lifecycle(self) -> list[str]:
        return [event["event"] for event in self.events if event.get("event", "heartbeat") != "heartbeat"]

    def named(self, name: str) -> list[dict[str, Any]]:
        return [event["payload"] for event in self.events if event.get("event") == name]

    def data(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("event_type") == kind]


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run the worker with some settings."""
    from balrog_worker import BalrogWorkerConfig, BalrogWorkerRuntime

    numbers = count(1)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MOSAIC_HOME", str(tmp_path / "home"))
    for name in ("WORKER_ID", "MOSAIC_RUN_ID", "MOSAIC_RUN_DIR", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(*, dry_run: bool = False, **settings: Any) -> Ran:
        run_id = f"run{next(numbers)}"
        log = tmp_path / f"{run_id}.jsonl"
        monkeypatch.setenv("MOSAIC_LOG", str(log))
        config = BalrogWorkerConfig.from_dict({"run_id": run_id, "seed": 1, **SHORT, **settings})
        summary = BalrogWorkerRuntime(config, dry_run=dry_run).run()
        text = log.read_text()
        return Ran(summary, [json.loads(line) for line in text.splitlines()], text)

    return run


@dataclass
class Endpoint:
    """An OpenAI-compatible endpoint with scripted replies.

    Attributes:
        replies: What it says, in turn; the last one again and again. A number is an HTTP status, a tuple a status with
            headers, a dict a body, ``None`` no answer within five seconds.
        requests: Bodies that it was sent.
        keys: Authorization headers that it was sent.
    """

    url: str
    replies: list[Any] = field(default_factory=lambda: ["go forward"])
    models: list[str] = field(default_factory=lambda: ["scripted"])
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def settings(self, **more: Any) -> dict[str, Any]:
        return {"base_url": self.url, "model": "scripted", "agent": "naive", **more}


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    """Serve scripted replies on a port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.keys.append(self.headers.get("Authorization", ""))
            self._answer(200, {"object": "list", "data": [{"id": name, "object": "model"} for name in served.models]})

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            served.keys.append(self.headers.get("Authorization", ""))
            reply = served.replies[min(len(served.requests), len(served.replies) - 1)]
            served.requests.append(body)
            if reply is None:
                served.over.wait(5.0)
            elif isinstance(reply, int):
                self._answer(reply, {"error": {"message": f"no; key {self.headers.get('Authorization')}"}})
            elif isinstance(reply, tuple):
                self._answer(reply[0], {"error": {"message": "no"}}, reply[1])
            elif isinstance(reply, dict):
                self._answer(200, reply)
            else:
                message = {"role": "assistant", "content": reply}
                usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
                choice = {"index": 0, "message": message, "finish_reason": "stop"}
                answer = {"id": "1", "object": "chat.completion", "created": int(time.time()), "model": "scripted"}
                self._answer(200, {**answer, "choices": [choice], "usage": usage})

        def log_message(self, *_: Any) -> None:
            pass

        def _answer(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    class Server(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    served = Endpoint(f"http://127.0.0.1:{server.server_address[1]}/v1")
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield served
    served.over.set()
    server.shutdown()
    thread.join()
    server.server_close()
