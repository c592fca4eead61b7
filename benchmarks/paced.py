"""A worker at 2,000 events/s: CPU of proxy and daemon, and how long after its emission an event is seen live.

``python -m benchmarks.paced [--tiny]`` (targets T6 and T7). CPU is that of whole processes from the kernel's books, in
three turns: nobody looks, one watches the run's figures, one reads its rows live. Latency is the reader's clock against
the time in the event; also at higher rates, until the worker outruns the index.
"""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import harness, live
from gym_gui.trainer.client import TrainerClient

RATE = 2_000
FASTER = (10_000, 50_000)
#: Of every run the first second is left out: processes start, the first batches carry a backlog.
WARM_UP_S = 1.0


class Reader(threading.Thread):
    """A live reader in a thread: notes how old each step is when it arrives."""

    def __init__(self, home: Path, run_id: str, max_rate: float) -> None:
        super().__init__()
        self.ages: list[float] = []
        self.gaps = 0
        self._home, self._run_id, self._max_rate = home, run_id, max_rate

    def run(self) -> None:
        started = None
        with TrainerClient.connect(self._home) as client:
            for batch in client.stream(self._run_id, kinds=["step"], max_rate=self._max_rate):
                now = time.time()
                self.gaps += sum(gap.count for gap in batch.gaps)
                for step in batch.steps:
                    assert step.timestamp is not None
                    started = started or step.timestamp
                    if step.timestamp - started > WARM_UP_S:
                        self.ages.append((now - step.timestamp) * 1e3)

    def percentile(self, share: float) -> float:
        return sorted(self.ages)[int(share * (len(self.ages) - 1))]


class Watcher(threading.Thread):
    """Somebody who watches the run's figures."""

    def __init__(self, home: Path, run_id: str) -> None:
        super().__init__()
        self._home, self._run_id = home, run_id

    def run(self) -> None:
        with TrainerClient.connect(self._home) as client:
            for _ in client.watch([self._run_id]):
                pass


def cpu_of_one_run(
    client: TrainerClient, seconds: float, attend: Callable[[str], threading.Thread] | None
) -> tuple[float, float, threading.Thread | None]:
    """Return the shares of a core that proxy and daemon use while a worker prints 2,000 events/s."""
    run_id = client.submit(live.load("episodes", int(RATE * (seconds + 2 * WARM_UP_S)), rate=RATE, stamped=True))
    other = attend(run_id) if attend else None
    if other:
        other.start()
    live.until(lambda: client.get(run_id).steps > RATE * WARM_UP_S, "the run at speed", pause_s=0.1)
    proxy = client.get(run_id).proxy_pid
    daemon = int(client.status()["pid"])
    assert proxy is not None
    began, before = time.monotonic(), (live.cpu_seconds(proxy), live.cpu_seconds(daemon))
    time.sleep(seconds)
    after, took = (live.cpu_seconds(proxy), live.cpu_seconds(daemon)), time.monotonic() - began
    live.wait(client, run_id)
    if other:
        other.join()
    return (after[0] - before[0]) / took * 100, (after[1] - before[1]) / took * 100, other


def latency(home: Path, client: TrainerClient, rate: int, seconds: float, max_rate: float) -> Reader:
    """Return a reader that has seen a run at some rate through."""
    run_id = client.submit(live.load("sdk", int(rate * (seconds + WARM_UP_S)), rate=rate, stamped=True))
    reader = Reader(home, run_id, max_rate)
    reader.start()
    reader.join()
    return reader


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments(
        "2,000 events/s: CPU of proxy and daemon (T6), time until a live reader sees them (T7)."
    )
    seconds = 1.0 if options.tiny else 5.0
    turns: dict[str, list[tuple[float, float]]] = {"nobody looks": [], "one watches": [], "one reads the rows": []}
    ages: list[tuple[float, float]] = []
    with live.daemon() as (home, client):
        attends: dict[str, Callable[[str], threading.Thread] | None] = {
            "nobody looks": None,
            "one watches": lambda run_id: Watcher(home, run_id),
            "one reads the rows": lambda run_id: Reader(home, run_id, 0),
        }
        for _ in range(1 if options.tiny else options.rounds):
            for name, attend in attends.items():
                proxy, daemon, reader = cpu_of_one_run(client, seconds, attend)
                turns[name].append((proxy, daemon))
                told = ""
                if isinstance(reader, Reader):
                    assert not reader.gaps
                    ages.append((reader.percentile(0.5), reader.percentile(0.99)))
                    told = f"; seen after {ages[-1][0]:.0f} ms (p50), {ages[-1][1]:.0f} ms (p99)"
                print(f"  {name}: proxy {proxy:.1f} %, daemon {daemon:.1f} % of a core{told}", flush=True)
        faster = {}
        for rate in () if options.tiny else FASTER:
            reader = latency(home, client, rate, 4.0, max_rate=2_000)
            faster[rate] = (reader.percentile(0.5), reader.percentile(0.99))
            print(f"  {rate:,} events/s: seen after {faster[rate][0]:.0f} ms (p50), {faster[rate][1]:.0f} ms (p99)")
    ratios = [
        harness.Ratio(f"T6 % of a core at 2,000 events/s, proxy + daemon, {name}", _median_sum(taken), 10)
        for name, taken in turns.items()
    ]
    ratios += [
        harness.Ratio("T7 ms until seen live at 2,000 events/s, p50", statistics.median(p50 for p50, _ in ages), 40),
        harness.Ratio("T7 ms until seen live at 2,000 events/s, p99", statistics.median(p99 for _, p99 in ages), 100),
    ]
    for rate, (p50, p99) in faster.items():
        ratios.append(harness.Ratio(f"T7 ms until seen live at {rate:,} events/s, p50", p50, 40))
        ratios.append(harness.Ratio(f"T7 ms until seen live at {rate:,} events/s, p99", p99, 100))
    details = {"seconds": seconds, "rounds": options.rounds, "cpu_percent": turns, "age_ms": ages, "faster_ms": faster}
    harness.report("paced", ratios, tiny=options.tiny, details=details)


def _median_sum(taken: list[tuple[float, float]]) -> float:
    return statistics.median(proxy + daemon for proxy, daemon in taken)


if __name__ == "__main__":
    main()
