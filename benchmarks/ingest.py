"""Logs into the database: CPU against raw inserts of the same rows, bytes a row, and a million events of each kind.

``python -m benchmarks.ingest [--tiny] [--rounds N]`` (targets T5, T12 and T3).
"""

from __future__ import annotations

import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import harness
from gym_gui.core.worker.telemetry import TelemetryEmitter
from gym_gui.runs import RunFolder, RunPlan, WorkerPlan, save_plan
from gym_gui.telemetry import INSERTS, TABLES, Ingestor
from gym_gui.telemetry.verify import verify_run

RUN_ID = "01JD3ZQ0F4M3Y1M5V9S4X1T7KQ"
WORKER_ID = "000001"
EPISODE = 200

#: Full speed, as a user's first worker prints.
NAIVE = """
import json, sys
for index in range(int(sys.argv[1])):
    print(json.dumps({"event_type": "step", "run_id": sys.argv[2], "worker_id": "000001", "step_index": index,
                      "ep_index": index // 200, "reward": 1.0, "terminated": False, "truncated": index % 200 == 199,
                      "action": index % 2}), flush=True)
"""

#: Full speed, through the SDK.
SDK = """
import sys
from gym_gui.core.worker.telemetry import TelemetryEmitter
emitter = TelemetryEmitter(sys.argv[2], worker_id="000001")
for index in range(int(sys.argv[1])):
    emitter.step(index, reward=1.0, ep_index=index // 200, terminated=False, truncated=index % 200 == 199,
                 action=index % 2)
"""


def new_run(home: Path) -> tuple[RunFolder, RunPlan]:
    """Create a run's folder with a plan of one worker."""
    folder = RunFolder.of(home, RUN_ID)
    folder.create()
    worker = WorkerPlan(worker_no=1, worker_id=WORKER_ID, worker_type="random", argv=["true"])
    plan = RunPlan(run_id=RUN_ID, run_name="bench", digest="", created_at=time.time(), config={}, workers=[worker])
    save_plan(folder, plan)
    return folder, plan


def index(folder: RunFolder, plan: RunPlan) -> None:
    """Do what the proxy does with a log: tail, decode, store, checkpoint, finish."""
    ingestor = Ingestor(folder, plan)
    ingestor.add_source(1, WORKER_ID, 1, folder.stdout_log(WORKER_ID, 1))
    while ingestor.pump().bytes_read:
        pass
    ingestor.close_source(1, 1)
    ingestor.finish()


def write_log(path: Path, events: int, *, observation: bool) -> None:
    """Write a log of steps and episodes as the SDK prints them."""
    with path.open("w", encoding="utf-8") as sink:
        emitter = TelemetryEmitter(RUN_ID, worker_id=WORKER_ID, sink=sink)
        for number in range(events):
            seen = (
                [0.01 * (number % 97), -0.37 + number % 5, 0.0123456789 * (number % 11), 1.5] if observation else None
            )
            last = number % EPISODE == EPISODE - 1
            emitter.step(
                number,
                reward=1.0,
                ep_index=number // EPISODE,
                terminated=last,
                truncated=False,
                action=number % 2,
                observation=seen,
            )


def raw_insert(path: Path, rows: list[tuple[object, ...]], batch: int) -> None:
    """Insert rows that are there already, with nothing else around it: same table, same pragmas, same transactions."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "secure_delete = OFF", "cache_size = -8192"):
        connection.execute(f"PRAGMA {pragma}")
    for statement in TABLES.split(";\n"):
        connection.execute(statement)
    for start in range(0, len(rows), batch):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(INSERTS["steps"], rows[start : start + batch])
        connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()


def against_raw(events: int, rounds: int, *, observation: bool) -> tuple[float, float, float]:
    """Return CPU of the proxy's work to that of raw inserts, events per CPU second, and bytes a row."""
    with tempfile.TemporaryDirectory() as scratch:
        source, plan = new_run(Path(scratch) / "source")
        log = source.stdout_log(WORKER_ID, 1)
        write_log(log, events, observation=observation)
        index(source, plan)
        size = source.database.stat().st_size
        connection = sqlite3.connect(source.database)
        rows = connection.execute("SELECT * FROM steps ORDER BY id").fetchall()
        connection.close()
        assert len(rows) == events
        batch = max(1, (4 << 20) * events // log.stat().st_size)
        raw = Path(scratch) / "raw.db"

        def proxy() -> None:
            source.database.unlink()
            index(source, plan)

        def inserts() -> None:
            raw.unlink(missing_ok=True)
            raw_insert(raw, rows, batch)

        samples = harness.interleave({"proxy": proxy, "raw": inserts}, rounds)
        for name, taken in samples.items():
            print(f"  {name}: {harness.median_cpu(taken) / events * 1e6:.2f} us CPU an event")
        wall = statistics.median(sample.wall_s for sample in samples["proxy"])
        print(f"  proxy: {events / wall:,.0f} events/s by the clock, {log.stat().st_size / events:.0f} bytes a line")
        ratio = harness.ratio_of(samples, "proxy", "raw")
        return ratio, events / harness.median_cpu(samples["proxy"]), size / events


def full_speed(program: str, events: int) -> dict[str, float]:
    """Let a worker print as fast as it can while its log is indexed; return what went wrong, counted."""
    with tempfile.TemporaryDirectory() as scratch:
        folder, plan = new_run(Path(scratch))
        log = folder.stdout_log(WORKER_ID, 1)
        ingestor = Ingestor(folder, plan)
        ingestor.add_source(1, WORKER_ID, 1, log)
        environment = {**os.environ, "MOSAIC_LOG": str(log)}
        started = time.perf_counter()
        with log.open("ab") as stdout:
            command = [sys.executable, "-c", program, str(events), RUN_ID]
            worker = subprocess.Popen(command, stdout=stdout, env=environment)
        while worker.poll() is None:
            ingestor.pump()
            time.sleep(0.02)
        printed = time.perf_counter() - started
        ingestor.close_source(1, 1)
        stored = time.perf_counter() - started
        ledger = ingestor.ledger()
        ingestor.finish()
        connection = sqlite3.connect(folder.database)
        rows, distinct = connection.execute("SELECT count(*), count(DISTINCT step_index) FROM steps").fetchone()
        connection.close()
        checked = time.process_time()
        verified = verify_run(folder)
        print(
            f"  {events:,} events printed in {printed:.1f} s, stored {stored - printed:.1f} s later;"
            f" recounted in {time.process_time() - checked:.1f} s CPU"
        )
        return {
            "lost": events - distinct,
            "duplicated": rows - distinct,
            "not in the ledger": ledger.lines - ledger.stored - ledger.log - ledger.quarantined,
            "not as recounted": 0 if verified.ok and ledger.stored == events else 1,
        }


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("Ingestion against raw inserts (T5), bytes a row (T12), a million events (T3).")
    events = 5_000 if options.tiny else 200_000
    million = 5_000 if options.tiny else 1_000_000
    print(f"{events:,} steps with an observation of four numbers:")
    ratio, speed, _ = against_raw(events, options.rounds, observation=True)
    print(f"{events:,} steps without observation:")
    bare_ratio, bare_speed, row_bytes = against_raw(events, options.rounds, observation=False)
    print("a worker that prints each event by itself:")
    naive = full_speed(NAIVE, million)
    print("a worker with the SDK:")
    sdk = full_speed(SDK, million)
    ratios = [
        harness.Ratio("T5 CPU of tail + decode + store / raw executemany, with observation", ratio, 2.0),
        harness.Ratio("T5 CPU of tail + decode + store / raw executemany, without", bare_ratio, 2.0),
        harness.Ratio("T5 events per second of one core, with observation", speed, 100_000, at_most=False),
        harness.Ratio("T5 events per second of one core, without", bare_speed, 100_000, at_most=False),
        harness.Ratio("T12 bytes a stored step row, without observation", row_bytes, 60),
        *(harness.Ratio(f"T3 printing worker, {million:,} events: {what}", count, 0) for what, count in naive.items()),
        *(harness.Ratio(f"T3 SDK worker, {million:,} events: {what}", count, 0) for what, count in sdk.items()),
    ]
    harness.report("ingest", ratios, tiny=options.tiny, details={"events": events, "rounds": options.rounds})


if __name__ == "__main__":
    main()
