"""32 workers of one run, 500 events/s each, on whatever cores there are.

``python -m benchmarks.workers [--tiny]`` (target T9): what was printed against what was stored, counted per worker.
"""

from __future__ import annotations

import sqlite3
import time

from benchmarks import harness, live
from gym_gui.runs import RunFolder
from gym_gui.telemetry.verify import verify_run

RATE = 500


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("32 workers at 500 events/s each (T9).")
    workers, seconds = (4, 1) if options.tiny else (32, 20)
    events = RATE * seconds
    with live.daemon() as (home, client):
        run_id = client.submit(live.load("sdk", events, rate=RATE, workers=workers))
        folder = RunFolder.of(home, run_id)
        run = live.wait(client, run_id)
        ended = time.monotonic()
        began = min(live.first_event(folder, worker.worker_id) for worker in run.workers)
        lines = sum(folder.stdout_log(worker.worker_id, 1).read_bytes().count(b"\n") for worker in run.workers)
        connection = sqlite3.connect(folder.database)
        rows = connection.execute(
            "SELECT count(*), count(DISTINCT step_index), max(step_index) FROM steps GROUP BY id >> 50"
        ).fetchall()
        connection.close()
        verified = verify_run(folder)
    stored = sum(count for count, _, _ in rows)
    print(f"{workers} workers printed {lines:,} events in {ended - began:.1f} s ({lines / (ended - began):,.0f}/s)")
    whole = sum(1 for count, distinct, last in rows if count == distinct == last + 1 == events)
    ratios = [
        harness.Ratio(f"T9 {workers} workers x {RATE} events/s: lost", workers * events - stored, 0),
        harness.Ratio("T9 dropped, as the SDK counted", run.ledger.dropped, 0),
        harness.Ratio("T9 workers whose every event is there once", whole, workers, at_most=False),
        harness.Ratio("T9 not as recounted", 0 if verified.ok and lines == stored else 1, 0),
    ]
    details = {"workers": workers, "events": events, "seconds": ended - began, "state": run.state.value}
    harness.report("workers", ratios, tiny=options.tiny, details=details)


if __name__ == "__main__":
    main()
