"""Curves of a metric with a million values, while more values keep arriving.

``python -m benchmarks.series [--tiny] [--rounds N]``. Cold: the first read of a new process, without its start. Warm:
later reads in it. Each opens the database anew. The other arm reads values one by one, as of a database of an earlier
version.
"""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import harness
from benchmarks.ingest import WORKER_ID, index, new_run
from gym_gui.core.worker.telemetry import TelemetryEmitter
from gym_gui.reading import SeriesRequest, read_series, series_names
from gym_gui.runs import RunFolder, RunPlan
from gym_gui.telemetry import Ingestor, SpanWriter

VALUES = 1_000_000
POINTS = 1000

COLD = """
import sys, time
from pathlib import Path
from gym_gui.reading import SeriesRequest, read_series
from gym_gui.runs import RunFolder
began = time.thread_time()
(series,) = read_series(RunFolder.of(Path(sys.argv[1]), sys.argv[2]), SeriesRequest(names=("loss",), x=sys.argv[3]))
print((time.thread_time() - began) * 1e3)
assert sum(series.lines[0].count) >= int(sys.argv[4])
"""


def write_log(path: Path, first: int, values: int) -> None:
    """Add values of one metric to a log, as the SDK prints them."""
    with path.open("a", encoding="utf-8") as sink:
        emitter = TelemetryEmitter(path.parent.parent.name, worker_id=WORKER_ID, sink=sink)
        for number in range(first, first + values):
            emitter.metrics(10 * number, {"loss": 1.0 / (1 + number % 977)})


def median_ms(act: Callable[[], object], rounds: int) -> float:
    """Return the median CPU time of this thread for an action, milliseconds."""
    found = []
    for _ in range(rounds):
        began = time.thread_time()
        act()
        found.append((time.thread_time() - began) * 1e3)
    return statistics.median(found)


def cold_ms(home: Path, folder: RunFolder, axis: str, values: int, rounds: int) -> float:
    """Return the median CPU time of the first read of a process, milliseconds."""
    command = [sys.executable, "-c", COLD, str(home), folder.run_id, axis, str(values)]
    return statistics.median(
        float(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout) for _ in range(rounds)
    )


def zoomed(values: int) -> list[SeriesRequest]:
    """Return requests for parts of a curve, from all of it to a few values."""
    requests = []
    share = 1.0
    while share * values > POINTS / 4:
        for begin in (0.0, 0.37, 1.0 - share):
            low = 10 * values * min(begin, 1.0 - share)
            requests.append(SeriesRequest(names=("loss",), points=POINTS, low=low, high=low + 10 * values * share))
        share /= 2
    return requests


class Writer:
    """A worker's log that grows, and its ingestion, in a thread.

    Args:
        folder: The run's folder.
        plan: Its plan.
        first: Number of values that it has.
    """

    def __init__(self, folder: RunFolder, plan: RunPlan, first: int) -> None:
        self.values = first
        self._folder, self._plan = folder, plan
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._write)

    def __enter__(self) -> Writer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _write(self) -> None:
        ingestor = Ingestor(self._folder, self._plan)
        log = self._folder.stdout_log(WORKER_ID, 1)
        ingestor.add_source(1, WORKER_ID, 1, log)
        while not self._over.wait(0.05):
            write_log(log, self.values, 50)
            self.values += 50
            ingestor.pump()
        ingestor.close()


def ingest_cpu(values: int, *, read: bool) -> float:
    """Return the CPU seconds of ingesting values, while a chart of them is drawn once a second or not."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, plan = new_run(Path(scratch))
        write_log(folder.stdout_log(WORKER_ID, 1), 0, values)
        code = (
            "import sys, time; from pathlib import Path; from gym_gui.runs import RunFolder\n"
            "from gym_gui.reading import SeriesRequest, read_series\n"
            "while True: read_series(RunFolder.of(Path(sys.argv[1]), sys.argv[2]), SeriesRequest(names=('loss',)));"
            " time.sleep(1)"
        )
        reader = subprocess.Popen([sys.executable, "-c", code, scratch, folder.run_id]) if read else None
        try:
            began = time.process_time()
            index(folder, plan)
            return time.process_time() - began
        finally:
            if reader is not None:
                reader.kill()
                reader.wait()


def without_summaries_cpu(values: int) -> float:
    """Return the CPU seconds of ingesting values without their summaries."""
    add = SpanWriter.add
    SpanWriter.add = lambda _writer, _rows: None  # type: ignore[method-assign]
    try:
        return ingest_cpu(values, read=False)
    finally:
        SpanWriter.add = add  # type: ignore[method-assign]


def main() -> None:
    """Measure, and print the figures last."""
    options = harness.arguments("Curves of a metric with a million values.")
    values, rounds = (20_000, 1) if options.tiny else (VALUES, max(options.rounds, 5))
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        folder, plan = new_run(home)
        write_log(folder.stdout_log(WORKER_ID, 1), 0, values)
        ingestor = Ingestor(folder, plan)
        ingestor.add_source(1, WORKER_ID, 1, folder.stdout_log(WORKER_ID, 1))
        while ingestor.pump().bytes_read:
            pass
        ingestor.close()
        whole = SeriesRequest(names=("loss",), points=POINTS)
        with Writer(folder, plan, values) as writer:
            cold = {axis: cold_ms(home, folder, axis, values, rounds) for axis in ("step", "wall", "relative")}
            warm = median_ms(lambda: read_series(folder, whole), 3 * rounds)
            parts = {
                f"{request.low:g} to {request.high:g}": median_ms(
                    lambda each=request: read_series(folder, each), rounds
                )
                for request in zoomed(values)
            }
            names = median_ms(lambda: series_names(folder), rounds)
            added = writer.values - values
        connection = sqlite3.connect(folder.database, isolation_level=None)
        group = "SELECT step / 10000, count(*), min(value), max(value), sum(value) FROM metrics GROUP BY 1"
        grouped = median_ms(lambda: connection.execute(group).fetchall(), 3)
        connection.execute("DROP TABLE metric_spans")
        connection.close()
        without = median_ms(lambda: read_series(folder, whole), 3)
    share = values // 5
    alone: list[float] = []
    read: list[float] = []
    bare: list[float] = []
    arms = {
        "alone": lambda: alone.append(ingest_cpu(share, read=False)),
        "read": lambda: read.append(ingest_cpu(share, read=True)),
        "without summaries": lambda: bare.append(without_summaries_cpu(share)),
    }
    harness.interleave(arms, rounds)
    effect = (statistics.median(read) / statistics.median(alone) - 1) * 100
    print(
        f"  {added:,} values arrived meanwhile; SQL's GROUP BY takes {grouped:.0f} ms, value by value {without:.0f} ms"
    )
    worst = max(parts, key=lambda part: parts[part])
    print(f"  slowest part: steps {worst}")
    ratios = [
        harness.Ratio(
            f"ms CPU, a curve of {values:,} values at {POINTS:,} points, cold, worst axis", max(cold.values()), 150
        ),
        harness.Ratio("ms CPU, the same, warm, median", warm, 30),
        harness.Ratio("ms CPU, a part of it, warm, worst of all parts", parts[worst], 30),
        harness.Ratio("ms CPU, the list of series", names, 150),
        harness.Ratio(
            "% that summaries add to the CPU of ingesting lines with one metric each",
            (statistics.median(alone) / statistics.median(bare) - 1) * 100,
            10,
        ),
        harness.Ratio("T8 % added to the ingestion's CPU while a curve is drawn once a second", effect, 20),
    ]
    details = {"cold_ms": cold, "parts_ms": parts, "group_by_ms": grouped, "value_by_value_ms": without}
    details |= {"arrived": added, "ingest_alone_s": alone, "ingest_read_s": read, "ingest_without_summaries_s": bare}
    harness.report("series", ratios, tiny=options.tiny, details=details)


if __name__ == "__main__":
    main()
