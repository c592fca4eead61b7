"""A worker at 2,000 events/s: CPU of proxy and daemon, and how long after its emission an event is seen live.

``python -m benchmarks.paced [--tiny]`` (targets T6 and T7). CPU is that of whole processes from the kernel's books, in
three parts of each run: no client, one watches the run's figures, one reads its rows live. Latency is the reader's
clock against the time in the event; also beside 49 other readers, and at higher rates, until the worker outruns the
index.
"""

from __future__ import annotations

import statistics
import threading
import time
from pathlib import Path

from benchmarks import harness, live
from benchmarks.viewers import viewing
from gym_gui.rpc import TrainerClient

RATE = 2_000
FASTER = (10_000, 50_000)
#: Of every run, and of every reader, the first second is left out: processes start, first batches carry a backlog.
WARM_UP_S = 1.0
#: Between two parts of a run, seconds.
PAUSE_S = 0.5


class Reader(threading.Thread):
    """A live reader in a thread: notes how old each step is when it arrives."""

    def __init__(self, home: Path, run_id: str, max_rate: float, *, from_now: bool = False) -> None:
        super().__init__()
        self.ages: list[float] = []
        self.gaps = 0
        self._home, self._run_id, self._max_rate, self._from_now = home, run_id, max_rate, from_now

    def run(self) -> None:
        started = None
        with TrainerClient.connect(self._home) as client:
            stream = client.stream(self._run_id, kinds=["step"], max_rate=self._max_rate, from_now=self._from_now)
            for batch in stream:
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
    """Somebody who watches the run's figures, until told to leave."""

    def __init__(self, home: Path, run_id: str) -> None:
        super().__init__()
        self._home, self._run_id = home, run_id
        self._left = threading.Event()

    def run(self) -> None:
        with TrainerClient.connect(self._home) as client:
            for _ in client.watch([self._run_id]):
                if self._left.is_set():
                    return

    def leave(self) -> None:
        self._left.set()
        self.join()


def one_run(home: Path, client: TrainerClient, seconds: float) -> tuple[dict[str, tuple[float, float]], Reader]:
    """Return what proxy and daemon use of a core in each part of a run, percent, and the reader of the last part."""
    lasts = WARM_UP_S + 3 * seconds + 4 * PAUSE_S
    run_id = client.submit(live.load("episodes", int(RATE * lasts), rate=RATE, stamped=True))
    live.until(lambda: client.get(run_id).steps > RATE * WARM_UP_S, "the run at speed", pause_s=0.1)
    proxy = client.get(run_id).proxy_pid
    assert proxy is not None
    pids = (proxy, int(client.status().pid))
    used = {"without clients": _used(pids, seconds)}
    watcher = Watcher(home, run_id)
    watcher.start()
    time.sleep(PAUSE_S)
    used["one watches"] = _used(pids, seconds)
    watcher.leave()
    reader = Reader(home, run_id, 0, from_now=True)
    reader.start()
    time.sleep(PAUSE_S)
    used["one reads the rows"] = _used(pids, seconds)
    live.wait(client, run_id)
    reader.join()
    return used, reader


def _used(pids: tuple[int, int], seconds: float) -> tuple[float, float]:
    """Return the shares of a core that two processes use in the next seconds, percent."""
    began, before = time.monotonic(), [live.cpu_seconds(pid) for pid in pids]
    time.sleep(seconds)
    after, took = [live.cpu_seconds(pid) for pid in pids], time.monotonic() - began
    proxy, daemon = ((end - start) / took * 100 for start, end in zip(before, after, strict=True))
    return proxy, daemon


def beside_others(home: Path, client: TrainerClient, seconds: float, others: int) -> Reader:
    """Return a reader that has seen a run through together with others, which are one process."""
    events = int(RATE * (seconds + 2 * WARM_UP_S))
    config = live.load("sdk", events, rate=RATE, stamped=True)
    config["arguments"] += ["--delay", "2"]  # it begins when the others are there
    run_id = client.submit(config)
    reader = Reader(home, run_id, 0)
    with viewing(home, run_id, others, 0, events):
        reader.start()
        reader.join()
    return reader


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
    seconds, others = (1.0, 4) if options.tiny else (2.5, 49)
    turns: dict[str, list[tuple[float, float]]] = {}
    ages: list[tuple[float, float]] = []
    others_ages: list[tuple[float, float]] = []
    faster: dict[int, list[tuple[float, float]]] = {} if options.tiny else {rate: [] for rate in FASTER}
    with live.daemon() as (home, client):
        for _ in range(1 if options.tiny else options.rounds):
            used, reader = one_run(home, client, seconds)
            assert not reader.gaps
            ages.append(_percentiles(reader))
            for name, (proxy, daemon) in used.items():
                turns.setdefault(name, []).append((proxy, daemon))
                print(f"  {name}: proxy {proxy:.1f} %, daemon {daemon:.1f} % of a core")
            print(f"  seen after {_percentiles_text(ages[-1])}", flush=True)
        for _ in range(1 if options.tiny else 2):
            others_ages.append(_percentiles(beside_others(home, client, seconds, others)))
            print(f"  beside {others} others: seen after {_percentiles_text(others_ages[-1])}", flush=True)
            for rate, taken in faster.items():
                taken.append(_percentiles(latency(home, client, rate, seconds, max_rate=2_000)))
                print(f"  {rate:,} events/s: seen after {_percentiles_text(taken[-1])}", flush=True)
    ratios = [
        harness.Ratio(f"T6 % of a core at 2,000 events/s, proxy + daemon, {name}", _median_sum(taken), 10)
        for name, taken in turns.items()
    ]
    seen = {"at 2,000 events/s": ages, f"at 2,000 events/s, beside {others} others": others_ages}
    seen |= {f"at {rate:,} events/s": taken for rate, taken in faster.items()}
    for what, taken in seen.items():
        for which, (name, target) in enumerate((("p50", 40), ("p99", 100))):
            value = statistics.median(percentiles[which] for percentiles in taken)
            ratios.append(harness.Ratio(f"T7 ms until seen live {what}, {name}", value, target))
    details = {"seconds": seconds, "rounds": options.rounds, "cpu_percent": turns, "age_ms": seen}
    harness.report("paced", ratios, tiny=options.tiny, details=details)


def _percentiles(reader: Reader) -> tuple[float, float]:
    return reader.percentile(0.5), reader.percentile(0.99)


def _percentiles_text(percentiles: tuple[float, float]) -> str:
    return f"{percentiles[0]:.0f} ms (p50), {percentiles[1]:.0f} ms (p99)"


def _median_sum(taken: list[tuple[float, float]]) -> float:
    return statistics.median(proxy + daemon for proxy, daemon in taken)


if __name__ == "__main__":
    main()
