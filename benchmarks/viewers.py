"""What fifty live readers of a run cost its ingestion, and what one does that stalls.

``python -m benchmarks.viewers [--tiny] [--rounds N]`` (target T8). A worker prints as fast as it can; measured are the
events per second until all are stored. The readers are one process of their own and take cores away from the run, as
they would on a user's machine; the proxy's own CPU per event is the figure that this does not touch.
"""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks import harness, live
from gym_gui.rpc import TrainerClient
from gym_gui.runs import RunFolder
from gym_gui.telemetry import RunReader

#: Reads a run's rows as fifty viewers would, without looking at them; the last viewers take one batch and no more.
VIEWERS = """
import asyncio, sys
from pathlib import Path
import grpc
from gym_gui.rpc.channel import CHANNEL_OPTIONS, credentials_metadata
from gym_gui.trainer.home import DaemonHome
from gym_gui.rpc.proto import mosaic_pb2 as pb
from gym_gui.rpc.proto.mosaic_pb2_grpc import TrainerServiceStub

home, run_id, viewers, stalled = DaemonHome(Path(sys.argv[1])), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
over = asyncio.Event()

async def view(number):
    # A channel each: a viewer is a program of its own.
    options = (*CHANNEL_OPTIONS, ("grpc.use_local_subchannel_pool", 1))
    async with grpc.aio.insecure_channel(f"unix:{home.path / home.daemon().socket}", options=options) as channel:
        request = pb.StreamTelemetryRequest(run_id=run_id, max_rate=2000)
        stream = TrainerServiceStub(channel).StreamTelemetry(request, metadata=credentials_metadata(home.token()))
        if number < stalled:
            await stream.read()
            await over.wait()
            stream.cancel()
            return None
        steps = skipped = batches = 0
        async for batch in stream:
            batches += 1
            steps += len(batch.steps)
            skipped += sum(gap.count for gap in batch.gaps)
        return steps + skipped, batches

async def main():
    tasks = [asyncio.create_task(view(number)) for number in range(viewers + stalled)]
    seen = await asyncio.gather(*tasks[stalled:])
    over.set()
    await asyncio.gather(*tasks[:stalled])
    print(sorted({count for count, _ in seen}), sum(batches for _, batches in seen))

asyncio.run(main())
"""


@contextlib.contextmanager
def viewing(home: Path, run_id: str, viewers: int, stalled: int, events: int) -> Iterator[None]:
    """Have viewers look at a run; every one of them must have seen every step, or been told of it in a gap."""
    if not viewers:
        yield
        return
    command = [sys.executable, "-c", VIEWERS, str(home), run_id, str(viewers), str(stalled)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield
        told, _ = process.communicate(timeout=120)
    finally:
        process.kill()
        process.wait()
    assert told.startswith(f"[{events}] "), f"not every viewer was told of all {events} steps: {told}"


def ingestion(home: Path, client: TrainerClient, events: int, viewers: int, stalled: int) -> dict[str, float]:
    """Return events per second until all are stored, and the proxy's CPU per event in microseconds."""
    # It begins when the viewers are there: a second of pace, then full speed would be another load each time.
    config = live.load("sdk", events)
    config["arguments"] += ["--delay", "3" if viewers else "0.5"]
    run_id = client.submit(config)
    folder = RunFolder.of(home, run_id)
    reader = RunReader(folder)
    with viewing(home, run_id, viewers, stalled, events):
        began = live.first_event(folder)
        proxy = live.until(lambda: client.get(run_id).proxy_pid, "the proxy")
        before = live.cpu_seconds(proxy)
        live.until(lambda: reader.ledger().stored >= events, "all events", pause_s=0.02)
        took, used = time.monotonic() - began, live.cpu_seconds(proxy) - before
    live.wait(client, run_id)
    return {"events_per_s": events / took, "proxy_us": used / events * 1e6}


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("Fifty live viewers, and a stalled one (T8).")
    events, viewers = (5_000, 5) if options.tiny else (100_000, 50)
    arms = {"none": (0, 0), f"{viewers} viewers": (viewers, 0), f"{viewers} viewers and one that stalls": (viewers, 1)}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in arms}
    with live.daemon() as (home, client):
        for _ in range(1 if options.tiny else options.rounds):
            for name, (some, stalled) in arms.items():
                taken = ingestion(home, client, events, some, stalled)
                found[name].append(taken)
                print(f"  {name}: {taken['events_per_s']:,.0f} events/s, proxy {taken['proxy_us']:.1f} us CPU an event")
    names = list(arms)
    ratios = [
        harness.Ratio(f"T8 % lost of ingestion by the clock, {names[1]}", _lost(found, names[0], names[1]), 20),
        harness.Ratio(f"T8 % lost of ingestion by the clock, {names[2]}", _lost(found, names[0], names[2]), 20),
        harness.Ratio(f"T8 % added to the proxy's CPU, {names[1]}", _added(found, names[0], names[1]), 20),
        harness.Ratio(f"T8 % added to the proxy's CPU, {names[2]}", _added(found, names[0], names[2]), 20),
    ]
    harness.report("viewers", ratios, tiny=options.tiny, details={"events": events, "turns": found})


def _lost(found: dict[str, list[dict[str, Any]]], before: str, after: str) -> float:
    pairs = zip(found[before], found[after], strict=True)
    return (1 - statistics.median(b["events_per_s"] / a["events_per_s"] for a, b in pairs)) * 100


def _added(found: dict[str, list[dict[str, Any]]], before: str, after: str) -> float:
    pairs = zip(found[before], found[after], strict=True)
    return (statistics.median(b["proxy_us"] / a["proxy_us"] for a, b in pairs) - 1) * 100


if __name__ == "__main__":
    main()
