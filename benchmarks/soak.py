"""Memory of proxy and daemon while one run grows: at 1M events, and at 10M (2M with ``--rounds``).

``python -m benchmarks.soak [--tiny] [--rounds N]`` (target T10). Somebody watches the run and reads its episodes live.
"""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

from benchmarks import harness, live
from gym_gui.rpc import TrainerClient
from gym_gui.runs import RunFolder
from gym_gui.telemetry import RunReader


def main() -> None:
    """Measure, and print the ratios last."""
    parser = argparse.ArgumentParser(description="Memory of proxy and daemon is flat (T10).")
    parser.add_argument("--tiny", action="store_true", help="a small size: only to see that it works")
    parser.add_argument("--rounds", type=int, help="2M events instead of 10M: there is one round anyway")
    options = parser.parse_args()
    first, last = (10_000, 30_000) if options.tiny else (1_000_000, 2_000_000 if options.rounds else 10_000_000)
    samples: list[dict[str, float]] = []
    with live.daemon() as (home, client):
        run_id = client.submit(live.load("sdk", last))
        reader = RunReader(RunFolder.of(home, run_id))
        viewer = threading.Thread(target=_read, args=(home, run_id))
        viewer.start()
        proxy = live.until(lambda: client.get(run_id).proxy_pid, "the proxy")
        daemon = int(client.status().pid)
        at_first: dict[str, float] = {}
        while True:
            stored = reader.ledger().stored
            sample = {"stored": stored, "proxy": live.resident_mb(proxy), "daemon": live.resident_mb(daemon)}
            samples.append(sample)
            if stored >= first and not at_first:
                at_first = _peak(samples)
                print(f"at {stored:,} events: proxy {at_first['proxy']:.1f} MB, daemon {at_first['daemon']:.1f} MB")
            if stored >= last:
                break
            live.until(lambda s=stored: reader.ledger().stored > s, "more events", pause_s=0.2)  # type: ignore[misc]
        at_last = _peak(samples)
        print(f"at {last:,} events: proxy {at_last['proxy']:.1f} MB, daemon {at_last['daemon']:.1f} MB")
        live.wait(client, run_id)
        viewer.join()
    ratios = [
        harness.Ratio(
            f"T10 MB added to the {name} between {first:,} and {last:,} events", at_last[name] - at_first[name], 10
        )
        for name in ("proxy", "daemon")
    ]
    harness.report("soak", ratios, tiny=options.tiny, details={"at_first": at_first, "at_last": at_last})


def _read(home: Path, run_id: str) -> None:
    with TrainerClient.connect(home) as client:
        for _ in client.stream(run_id, max_rate=1000):
            pass


def _peak(samples: list[dict[str, float]]) -> dict[str, float]:
    """Return the most that each has held so far, the processes' last moments aside (they are gone then: 0)."""
    return {name: max(sample[name] for sample in samples) for name in ("proxy", "daemon")}


if __name__ == "__main__":
    main()
