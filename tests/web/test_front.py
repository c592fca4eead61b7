"""The server answers before the interface is loaded, sleeps while no request comes, and ends when it is told to."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from waiting import eventually
from web_servers import TOKENS, make_access

from gym_gui import __version__
from gym_gui.fleet import single_file
from gym_gui.web.backend import Backend
from gym_gui.web.front import Front
from gym_gui.web.guard import Guard


def _backend(folder: Path) -> Backend:
    async def never() -> Any:
        raise AssertionError

    return Backend(never, "here", folder)


def test_the_agent_is_one_file_to_download(tmp_path: Path) -> None:
    """Without a token: it holds no secret, and its user has a machine to enrol."""

    async def act() -> None:
        app = Guard(Front(_backend(tmp_path), lambda: None), make_access())  # type: ignore[arg-type,return-value]
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:8787") as http:  # type: ignore[arg-type]
            got = await http.get("/worker_agent.py")
            assert (got.status_code, got.headers["content-type"].partition(";")[0]) == (200, "text/x-python")
            assert got.text == single_file(__version__)
            assert (
                await http.get("/worker_agent.py", headers={"if-none-match": got.headers["etag"]})
            ).status_code == 304

    asyncio.run(act())


def test_pages_do_not_wait_for_the_interface(tmp_path: Path) -> None:
    loaded = threading.Event()
    calls: list[str] = []

    async def interface(scope: Any, receive: Any, send: Any) -> None:
        calls.append(scope["path"])
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def load() -> Any:
        assert loaded.wait(30)
        return interface

    async def act() -> None:
        app = Guard(Front(_backend(tmp_path), load), make_access())
        transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
        headers = {"authorization": f"Bearer {TOKENS['read']}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787", headers=headers) as http:
            waiting = asyncio.create_task(http.get("/api/v1/me"))
            page = await http.get("/runs/x")
            assert (page.status_code, waiting.done()) == (200, False)
            assert page.headers["date"].endswith("GMT")
            assert (await http.post("/")).status_code == 405
            loaded.set()
            assert (await waiting).status_code == 204
            assert calls == ["/api/v1/me"]

    asyncio.run(act())


def test_an_interface_that_cannot_be_loaded_is_tried_again(tmp_path: Path) -> None:
    tries: list[int] = []

    async def interface(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    def load() -> Any:
        tries.append(1)
        if len(tries) == 1:
            raise OSError("too many open files")
        return interface

    async def act() -> None:
        transport = httpx.ASGITransport(Front(_backend(tmp_path), load))  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787") as http:
            with pytest.raises(OSError, match="open files"):
                await http.get("/api/v1/me")
            assert (await http.get("/api/v1/me")).status_code == 204

    asyncio.run(act())


@pytest.mark.process
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_server_without_requests_does_not_wake_up_and_ends_at_once(home: Path, ending: signal.Signals) -> None:
    process = subprocess.Popen(
        [Path(sys.executable).parent / "mosaic", "web", "--port", "0", "--json"],
        env={**os.environ, "MOSAIC_HOME": str(home)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout as printed:
        while "}" not in printed.readline():
            pass

        def wakes() -> int:
            status = Path(f"/proc/{process.pid}/status").read_text()
            return int(status.partition("\nvoluntary_ctxt_switches:")[2].split()[0])

        def sleeps() -> bool:
            before = wakes()
            time.sleep(1.0)  # uvicorn alone would wake up ten times
            return wakes() - before <= 1

        eventually(sleeps, "the server sleeps")
        process.send_signal(ending)
        process.wait(20)
