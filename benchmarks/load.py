"""A worker that prints numbered events as fast as it can, or at a rate: ``python load.py --how sdk --events N``.

It uses the SDK, or prints like a program that has never heard of it. Run by :func:`benchmarks.live.load`.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

EPISODE = 200


def printing(stamped: bool) -> Callable[[int], None]:
    """Return what emits one event with ``print``."""
    run_id, worker_id = os.environ["MOSAIC_RUN_ID"], os.environ["WORKER_ID"]

    def emit(index: int) -> None:
        event = {
            "event_type": "step",
            "run_id": run_id,
            "worker_id": worker_id,
            "step_index": index,
            "ep_index": index // EPISODE,
            "reward": 1.0,
            "terminated": False,
            "truncated": index % EPISODE == EPISODE - 1,
            "action": index % 2,
        }
        if stamped:
            event["timestamp"] = time.time()
        print(json.dumps(event), flush=True)

    return emit


def emitting(stamped: bool, *, episodes: bool = False) -> Callable[[int], None]:
    """Return what emits one event through the SDK."""
    from gym_gui.core.worker.telemetry import TelemetryEmitter

    emitter = TelemetryEmitter(os.environ["MOSAIC_RUN_ID"])
    step = emitter.step

    def emit(index: int) -> None:
        stamp = {"timestamp": time.time()} if stamped else {}
        step(
            index,
            reward=1.0,
            ep_index=index // EPISODE,
            terminated=False,
            truncated=index % EPISODE == EPISODE - 1,
            action=index % 2,
            **stamp,
        )
        if episodes and index % EPISODE == EPISODE - 1:
            emitter.episode(index // EPISODE, total_reward=float(index % 499), steps=EPISODE)

    return emit


def metering(_stamped: bool) -> Callable[[int], None]:
    """Return what emits six scalars as one metric event, which become six rows."""
    from gym_gui.core.worker.telemetry import TelemetryEmitter

    metrics = TelemetryEmitter(os.environ["MOSAIC_RUN_ID"]).metrics

    def emit(index: int) -> None:
        value = index * 0.001
        metrics(index, {"a": value, "b": value, "c": value, "d": value, "e": value, "f": value})

    return emit


HOW = {
    "print": printing,
    "sdk": emitting,
    "episodes": lambda stamped: emitting(stamped, episodes=True),
    "metrics": metering,
}


def main() -> None:
    """Emit, and leave the monotonic time of the first event in ``first_event`` of the working directory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--how", choices=HOW, required=True)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--rate", type=float, default=0.0, help="events per second; 0: no limit")
    parser.add_argument("--stamped", action="store_true", help="put the time into each event")
    parser.add_argument("--delay", type=float, default=0.0, help="wait so many seconds before the first")
    options = parser.parse_args()
    time.sleep(options.delay)
    emit = HOW[options.how](options.stamped)
    started = time.monotonic()
    Path("first_event").write_text(repr(started))
    if options.rate:
        for index in range(options.events):
            ahead = started + index / options.rate - time.monotonic()
            if ahead > 0:
                time.sleep(ahead)
            emit(index)
    else:
        for index in range(options.events):
            emit(index)


if __name__ == "__main__":
    main()
