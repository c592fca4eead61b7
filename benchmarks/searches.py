"""Searches of 10,000 runs, once and watched while one run trains.

``python -m benchmarks.searches [--tiny] [--rounds N]``. A search is measured in this process, with the registry decoded
anew and with its runs in memory, as they are while searches are watched. Watches are measured as the daemon's CPU.
"""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import harness, live
from benchmarks.registry import synthetic
from gym_gui.reading import Entry, Search, prepare, search_runs
from gym_gui.rpc import TrainerClient
from gym_gui.trainer import DaemonHome, Registry, RunTable

SEARCHES = {
    "newest first": Search(),
    "filter, by return": Search("worker:random return>100 run", sort=("-return", "name")),
    "groups": Search(group_by=("state", "seed"), sort=("-return",)),
    "64 points of each curve": Search(curve_points=64),
}


def cost_ms(table: RunTable, search: Search, times: int) -> float:
    """Return the median CPU time of an evaluation, milliseconds."""
    taken = []
    for _ in range(times):
        began = time.thread_time()
        entries = map(Entry, table.runs().values())
        search_runs(prepare(search), entries, curves_of=lambda ids, points: table.curves(ids, points, {}))
        taken.append((time.thread_time() - began) * 1e3)
    return statistics.median(taken)


def evaluations(runs: int, times: int) -> dict[str, tuple[float, float]]:
    """Return by search the cost with the registry decoded anew, and with its runs in memory."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        synthetic(home, runs)
        registry = Registry(DaemonHome(home).registry)
        anew, kept = RunTable(home, registry), RunTable(home, registry)
        kept.keep(True)
        kept.runs()
        found = {
            name: (cost_ms(anew, search, times), cost_ms(kept, search, times)) for name, search in SEARCHES.items()
        }
        registry.close()
    return found


@contextlib.contextmanager
def watching(home: Path, searches: list[Search]) -> Iterator[list[int]]:
    """Watch searches, each by a client of its own; give the number of updates of each."""
    counts = [0] * len(searches)
    with contextlib.ExitStack() as opened:
        threads = []

        def read(number: int, client: TrainerClient) -> None:
            with contextlib.suppress(Exception):  # the client is closed
                for _ in client.watch_search(searches[number]):
                    counts[number] += 1

        for number in range(len(searches)):
            client = opened.enter_context(TrainerClient.connect(home, start=False))
            threads.append(threading.Thread(target=read, args=(number, client), daemon=True))
            threads[-1].start()
        live.until(lambda: all(counts), "the first page of each watch")
        yield counts
    for thread in threads:
        thread.join()


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("Searches of 10,000 runs, once and watched while one run trains.", rounds=3)
    runs, seconds, times = (200, 1.0, 2) if options.tiny else (10_000, 10.0, 9)
    large, small = evaluations(runs, times), evaluations(runs // 10, times)
    for name, (anew, kept) in large.items():
        print(f"  {name}: {anew:.1f} ms CPU, {kept:.1f} ms with the runs in memory; of {runs // 10:,}: {small[name]}")
    arms = {
        "no watcher": [],
        "1 watcher": [Search()],
        "20 watchers of one search": [Search()] * 20,
        "20 watchers of 20 searches": [Search(f"steps>{number}") for number in range(20)],
    }
    used: dict[str, list[float]] = {name: [] for name in arms}
    idle: list[float] = []
    updates: dict[str, list[int]] = {}
    with live.daemon(lambda home: synthetic(home, runs)) as (home, client):
        daemon = DaemonHome(home).daemon()
        assert daemon is not None

        def share() -> float:
            before, began = live.cpu_seconds(daemon.pid), time.monotonic()
            time.sleep(seconds)
            return (live.cpu_seconds(daemon.pid) - before) / (time.monotonic() - began) * 1e3

        with watching(home, [Search()] * 20):
            time.sleep(0.2 if options.tiny else 5.0)  # the daemon has only just started
            idle.append(share())
        run_id = client.submit(live.load("sdk", 10**8, rate=200.0))
        live.until(lambda: client.get(run_id).steps > 0, "the run's first step")
        for _ in range(1 if options.tiny else options.rounds):
            for name, searches in arms.items():
                with watching(home, searches) as counts:
                    time.sleep(1.0)
                    before = list(counts)
                    used[name].append(share())
                    updates[name] = [now - then for now, then in zip(counts, before, strict=True)]
                print(f"  {name}: {used[name][-1]:.1f} ms CPU a second; updates {updates[name][:3]}", flush=True)
    ratios = [
        *(
            harness.Ratio(f"ms CPU, search of {runs:,} runs, {name}", anew, 150)
            for name, (anew, _) in large.items()
        ),
        *(
            harness.Ratio(f"ms CPU, the same with the runs in memory, {name}", kept, 60)
            for name, (_, kept) in large.items()
        ),
        *(
            harness.Ratio(f"ms CPU, search of {runs // 10:,} runs, {name}", anew, 40 if "curve" in name else 20)
            for name, (anew, _) in small.items()
        ),
        harness.Ratio("ms CPU of the daemon a second, 20 watchers, nothing changes", statistics.median(idle), 10),
        *(
            harness.Ratio(
                f"ms CPU of the daemon a second, {runs:,} runs, one trains, {name}", statistics.median(taken),
                {"no watcher": 50, "1 watcher": 200, "20 watchers of one search": 300}.get(name, 700),
            )
            for name, taken in used.items()
        ),
    ]  # fmt: skip
    details = {"runs": runs, "evaluations": large, "of a tenth": small, "updates": updates, "used": used}
    harness.report("searches", ratios, tiny=options.tiny, details=details)


if __name__ == "__main__":
    main()
