"""Events until they can be queried, through launcher and proxy, against other trackers in the same run.

``python -m benchmarks.e2e [--tiny] [--rounds N]`` (target T4). From the worker's first event to the moment when the
last one is in the database, by the clock; all take turns.
"""

from __future__ import annotations

import sqlite3
import statistics
import time
from pathlib import Path

from benchmarks import harness, live, rivals
from gym_gui.rpc import TrainerClient
from gym_gui.runs import RunFolder
from gym_gui.telemetry import RunReader

#: How many events each logs a turn: a second or more of work for each of them.
EVENTS = {"sdk": 200_000, "print": 200_000, "metrics": 50_000, "trackio": 20_000, "tensorboardX": 5_000, "mlflow": 300}
#: Those that need no more turns: nothing stands beside the one, the other is three orders of magnitude away.
ONCE = ("metrics", "mlflow")
TINY = {"sdk": 2_000, "print": 2_000, "metrics": 500, "trackio": 500, "tensorboardX": 200, "mlflow": 10}
TARGETS = {
    ("sdk", "trackio"): 8,
    ("sdk", "tensorboardX"): 30,
    ("sdk", "mlflow"): 500,
    ("print", "trackio"): 4,
}
LABELS = {"sdk": "SDK worker", "print": "printing worker", "metrics": "SDK worker, six metrics an event"}


def through(home: Path, client: TrainerClient, how: str, events: int) -> float:
    """Run a worker at full speed; return the events per second from the first one on until all can be queried."""
    run_id = client.submit(live.load(how, events))
    folder = RunFolder.of(home, run_id)
    reader = RunReader(folder)
    started = live.first_event(folder)
    live.until(lambda: reader.ledger().stored >= events, f"{events} events in {folder.database}", pause_s=0.02)
    wall = time.monotonic() - started
    run = live.wait(client, run_id)
    table, per_event = ("metrics", 6) if how == "metrics" else ("steps", 1)
    connection = sqlite3.connect(folder.database)
    (rows,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    connection.close()
    assert rows == events * per_event, (rows, events)
    assert run.ledger.balanced, run.ledger
    return events / wall


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("Events per second until they can be queried (T4).")
    sizes = TINY if options.tiny else EVENTS
    skipped = {}
    for name in rivals.PINS:
        why = "a tiny run installs nothing" if options.tiny and not _there(name) else rivals.install(name)
        if why:
            skipped[name] = why
            print(f"{name} is left out: {why}")
    found: dict[str, list[float]] = {name: [] for name in sizes if name not in skipped}
    with live.daemon() as (home, client):
        for turn in range(options.rounds):
            for name, taken in found.items():
                if turn and name in ONCE:
                    continue
                events = sizes[name]
                speed = (
                    rivals.events_per_second(name, events)
                    if name in rivals.PINS
                    else through(home, client, name, events)
                )
                taken.append(speed)
                print(f"  {LABELS.get(name, name)}: {speed:,.0f} events/s", flush=True)
    ratios = [
        harness.Ratio(
            f"T4 events/s, {LABELS[ours]} / {rivals.PINS[theirs]}",
            # Those that took one turn are compared with the turn that all took.
            statistics.median(a / b for a, b in zip(found[ours], found[theirs], strict=False)),
            target,
            at_most=False,
        )
        for (ours, theirs), target in TARGETS.items()
        if theirs in found
    ]
    for name, taken in found.items():
        print(f"{LABELS.get(name, rivals.PINS.get(name))}: {statistics.median(taken):,.0f} events/s")
    details = {"events": sizes, "rounds": options.rounds, "events_per_second": found, "skipped": skipped}
    harness.report("e2e", ratios, tiny=options.tiny, details=details)


def _there(name: str) -> bool:
    return (rivals.CACHE / name / ".installed").exists()


if __name__ == "__main__":
    main()
