"""A home with 10,000 queued runs: how long its daemon takes to answer, and what a look at the queue costs.

``python -m benchmarks.queued [--tiny] [--rounds N]``. No run is started: the disk is said to be low.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import harness, live
from benchmarks.registry import decision_ms
from gym_gui.proxy import read_summary
from gym_gui.rpc import TrainerClient, start_daemon, stop_daemon
from gym_gui.runs import RunFolder, RunPlan, WorkerPlan, new_run_id, save_plan, validate_train_run_config
from gym_gui.trainer import DaemonHome, LiveRuns, Registry

RUNS = 10_000
#: Nothing is started where less than this is free, MiB: more than any disk has.
NO_ROOM_MB = 1 << 40


def fill(home: Path, runs: int) -> None:
    """Write queued runs as submissions leave them."""
    paths = DaemonHome(home)
    paths.prepare()
    live_runs = LiveRuns(paths.runs)
    config = validate_train_run_config(live.load("print", 1)).payload
    entered = []
    for number in range(runs):
        folder = RunFolder.of(home, new_run_id())
        folder.create()
        worker = WorkerPlan(worker_no=1, worker_id=live.WORKER_ID, worker_type="random", argv=[sys.executable])
        plan = RunPlan(
            run_id=folder.run_id, run_name=f"run {number}", digest="", created_at=float(number), config=config,
            workers=[worker], submitter="ab"[number % 2],
        )  # fmt: skip
        save_plan(folder, plan)
        live_runs.add(folder.run_id)
        entered.append(read_summary(folder))
    registry = Registry(paths.registry)
    registry.enter(entered)
    registry.close()


def start_s(home: Path, runs: int) -> dict[str, float]:
    """Return how long a daemon takes to answer, to list, and its CPU time by then, seconds."""
    began = time.perf_counter()
    start_daemon(home)
    try:
        with TrainerClient.connect(home, start=False) as client:
            answers = time.perf_counter() - began
            found = client.list(limit=1)
            lists = time.perf_counter() - began
            status = client.status()
            assert found
            assert status.queued_runs == runs
            return {"answers": answers, "lists": lists, "cpu": live.cpu_seconds(int(status.pid))}
    finally:
        stop_daemon(home)


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("Start of a daemon whose queue is long.", rounds=3)
    runs = 200 if options.tiny else RUNS
    os.environ |= {"MOSAIC_DAEMON_PORT": "0", "MOSAIC_DISK_LOW_MB": str(NO_ROOM_MB), "MOSAIC_LOG_LEVEL": "WARNING"}
    home = Path(tempfile.mkdtemp(prefix="mosaic-bench-"))
    try:
        fill(home, runs)
        starts = [start_s(home, runs) for _ in range(options.rounds)]
    finally:
        shutil.rmtree(home, ignore_errors=True)
    decision = decision_ms(runs, 3 if options.tiny else 40)
    found = {name: statistics.median(start[name] for start in starts) for name in starts[0]}
    ratios = [
        harness.Ratio(f"s, start to the first answer with {runs:,} queued runs", found["answers"], 3),
        harness.Ratio(f"s, start to the first list with {runs:,} queued runs", found["lists"], 3),
        harness.Ratio(f"s CPU of the daemon by then, {runs:,} queued runs", found["cpu"], 3),
        harness.Ratio(f"ms CPU, what to start of {runs:,} queued runs, p95", decision, 50),
    ]
    harness.report("queued", ratios, tiny=options.tiny, details={"runs": runs, "starts": starts})


if __name__ == "__main__":
    main()
