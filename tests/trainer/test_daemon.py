"""The daemon's core serves any face: here one of its own, JSON lines through a Unix socket, and no gRPC."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from gym_gui.runs.summary import to_json_dict
from gym_gui.telemetry.row_stream import RowBatch
from gym_gui.trainer.daemon import Endpoint, TrainerDaemon
from gym_gui.trainer.feed import FeedQuery
from gym_gui.trainer.submission import RunRequest


class JsonLines:
    """A face of the daemon: a request a line, any number of answers, each a line."""

    def __init__(self, place: Path) -> None:
        self._place = place

    async def open(self, daemon: TrainerDaemon[dict[str, int]]) -> Endpoint:
        self._trainer = daemon.trainer
        self._server = await asyncio.start_unix_server(self._serve, self._place)
        return Endpoint(f"unix:{self._place}", str(self._place))

    def is_reachable(self) -> bool:
        return self._place.exists()

    async def close(self) -> None:
        self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = json.loads(await reader.readline())
        async for answer in self._answers(request):
            writer.write(json.dumps(answer, default=str).encode() + b"\n")
        writer.close()

    async def _answers(self, request: dict[str, Any]) -> AsyncIterator[Any]:
        await self._trainer.loading.wait()
        if "submit" in request:
            yield await self._trainer.intake.submit(RunRequest(json.dumps(request["submit"]).encode()))
        if "watch" in request:
            async for run in self._trainer.watch([request["watch"]]):
                yield to_json_dict(run)
        if "rows" in request:
            async for batch in self._trainer.rows(FeedQuery(request["rows"], frozenset({"step", "episode"}), None), ()):
                yield batch


def _counts(batch: RowBatch) -> dict[str, int]:
    return {"steps": batch.step_count, "episodes": len(batch.episodes)}


async def _ask(place: Path, **request: Any) -> list[Any]:
    reader, writer = await asyncio.open_unix_connection(place)
    writer.write(json.dumps(request).encode() + b"\n")
    answers = [json.loads(line) async for line in reader]
    writer.close()
    await writer.wait_closed()
    return answers


def test_a_face_of_another_kind_runs_the_whole_daemon(
    daemon_home: Path, random_config: Callable[..., dict[str, Any]]
) -> None:
    place = daemon_home / "face.sock"

    async def act() -> None:
        daemon = TrainerDaemon(daemon_home, _counts)
        ready = asyncio.Event()
        serving = asyncio.create_task(daemon.run(JsonLines(place), lambda _: ready.set()))
        try:
            await asyncio.wait_for(ready.wait(), 30.0)
            (run_id,) = await _ask(place, submit=random_config(total_steps=50))
            watched = await _ask(place, watch=run_id)
            assert watched[-1]["state"] == "completed"
            rows = await _ask(place, rows=run_id)
            assert sum(batch["steps"] for batch in rows) == 50
            assert sum(batch["episodes"] for batch in rows) == watched[-1]["episodes"]
            assert daemon.trainer.status().runs == 1
        finally:
            daemon.stop()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait_for(serving, 30.0)

    asyncio.run(act())


@pytest.mark.process
def test_the_core_imports_neither_grpc_nor_protobuf() -> None:
    program = "import sys, gym_gui.trainer.daemon; print([m for m in ('grpc', 'google.protobuf') if m in sys.modules])"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == "[]"
