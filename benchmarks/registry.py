"""Lists and curves of 1,000 runs of 10,000 episodes; a queue; the command's start; from submission to worker.

``python -m benchmarks.registry [--tiny] [--rounds N]`` (target T13).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import harness, live
from gym_gui.analysis import list_runs
from gym_gui.rpc import TrainerClient
from gym_gui.runs import Ledger, RunFolder, RunState, RunSummary, WorkerSummary, new_run_id
from gym_gui.telemetry import Curve
from gym_gui.trainer import (
    THIS_MACHINE,
    Allocation,
    Capacity,
    DaemonHome,
    Demand,
    Inventory,
    Machine,
    Placement,
    QueuedRun,
    Registry,
    decide,
    open_registry_readonly,
)

EPISODES, STEPS = 10_000, 200
#: So many different curves; making one for each run would take longer than everything that is measured.
CURVES = 20


def synthetic(home: Path, runs: int) -> None:
    """Fill a registry with runs that have ended, each with the curve of its episodes."""
    paths = DaemonHome(home)
    paths.prepare()
    registry = Registry(paths.registry)
    curves = [_curve(number) for number in range(CURVES)]
    for number in range(runs):
        curve = curves[number % CURVES]
        worker = WorkerSummary(
            worker_id="000001", worker_type="random", state=RunState.COMPLETED, attempt=1, episodes=EPISODES,
            steps=EPISODES * STEPS, mean_return_100=250.0, curve=curve.points(),
        )  # fmt: skip
        run_id = new_run_id()
        registry.add(
            RunSummary(
                run_id=run_id, run_name=f"run {number}", state=RunState.COMPLETED, workers=[worker], report=1,
                episodes=EPISODES, steps=EPISODES * STEPS, created_at=float(number), started_at=float(number),
                ended_at=number + 60.0, ledger=Ledger(lines=10, stored=10),
            )
        )  # fmt: skip
        (home / "runs" / run_id).mkdir(parents=True)
    registry.close()


def _curve(number: int) -> Curve:
    curve = Curve()
    for episode in range(EPISODES):
        curve.add((episode + 1) * STEPS, float((episode * 7919 + number) % 500))
    return curve


def p95_ms(act: Callable[[], object], times: int) -> tuple[float, float]:
    """Return the CPU time and the time by the clock that 19 of 20 calls stay below, milliseconds."""
    cpu, wall = [], []
    for _ in range(times):
        began = (time.process_time(), time.perf_counter())
        act()
        cpu.append((time.process_time() - began[0]) * 1e3)
        wall.append((time.perf_counter() - began[1]) * 1e3)
    return statistics.quantiles(cpu, n=20)[-1], statistics.quantiles(wall, n=20)[-1]


def of_registry(runs: int, times: int) -> dict[str, tuple[float, float]]:
    """Return p95 of what lists and comparisons ask for, by name: CPU and clock, milliseconds."""
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        synthetic(home, runs)
        registry = open_registry_readonly(home)
        assert registry is not None
        some = [run.run_id for run in registry.list(limit=1)]
        assert len(registry.list(curves=True)[0].workers[0].curve) > 50
        found = {
            "list of 100 of the runs": p95_ms(lambda: list_runs(home, limit=100), times),
            "list of all runs": p95_ms(lambda: list_runs(home), times),
            "one curve": p95_ms(lambda: registry.get(some[0]), times),
            "100 curves": p95_ms(lambda: registry.list(limit=100, curves=True), times),
            "all curves": p95_ms(lambda: registry.list(curves=True), times),
        }
        registry.close()
    return found


def command_ms(words: list[str], times: int) -> tuple[float, float]:
    """Return the median CPU time and time by the clock of a command."""
    command = [str(Path(sys.executable).with_name("mosaic")), *words]
    cpu, wall = [], []
    for _ in range(times):
        began = (harness.cpu_seconds(), time.perf_counter())
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        cpu.append((harness.cpu_seconds() - began[0]) * 1e3)
        wall.append((time.perf_counter() - began[1]) * 1e3)
    return statistics.median(cpu), statistics.median(wall)


def submission_ms(home: Path, client: TrainerClient) -> float:
    """Return the time from a submission to the start of its worker's process."""
    began = time.time()
    run_id = client.submit(live.load("print", 1))
    record = RunFolder.of(home, run_id).started_record(live.WORKER_ID, 1)
    started = live.until(lambda: record.exists() and json.loads(record.read_bytes())["worker"] and record, "the worker")
    at = json.loads(started.read_bytes())["started_at"]
    live.wait(client, run_id)
    return float((at - began) * 1e3)


def decision_ms(runs: int, times: int) -> float:
    """Return the CPU of one look at a queue while the machine is full, 95th percentile, milliseconds."""
    placements = [(Placement(demand=Demand(cpus=cpus)),) for cpus in (1, 2)]
    queued = [QueuedRun(str(number), number, 0, "ab"[number % 2], placements[number % 2]) for number in range(runs)]
    allocations = [Allocation(f"under way {number}", "a", Demand(cpus=1)) for number in range(16)]
    capacity = Capacity((Machine(THIS_MACHINE, 16, Inventory(16, 64000)),))
    return p95_ms(lambda: decide(queued, allocations, capacity), times)[0]


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("Lists and curves of 1,000 runs, start of the command, start of a worker (T13).")
    runs, times = (20, 3) if options.tiny else (1_000, 40)
    found = of_registry(runs, times)
    for name, (cpu, wall) in found.items():
        print(f"  {name}: {cpu:.1f} ms CPU, {wall:.1f} ms by the clock")
    decision = decision_ms(runs, times)
    help_ms = command_ms(["--help"], 3 if options.tiny else 15)
    with live.daemon() as (home, client):
        client.submit(live.load("print", 1))
        alone, behind = [], []
        for _ in range(options.rounds):
            time.sleep(0.0 if options.tiny else 4.0)  # a spare proxy is made again when nothing starts for a while
            alone.append(submission_ms(home, client))
            behind.append(submission_ms(home, client))
    print(f"  submission to worker: {alone} ms after a pause, {behind} ms right behind another")
    ratios = [
        *(
            harness.Ratio(f"T13 ms {unit}, {name} ({runs:,} runs x 10,000 episodes), p95", value, 100)
            for name, values in found.items()
            for unit, value in zip(("CPU", "by the clock"), values, strict=True)
        ),
        harness.Ratio(f"ms CPU, what to start of {runs:,} queued runs, p95", decision, 50),
        harness.Ratio("T13 ms CPU, mosaic --help, median", help_ms[0], 150),
        harness.Ratio("T13 ms by the clock, mosaic --help, median", help_ms[1], 150),
        harness.Ratio("T13 ms, submission to worker's process, median", statistics.median(alone), 300),
        harness.Ratio("T13 ms, the same right behind another submission", statistics.median(behind), 300),
    ]
    details = {"runs": runs, "p95_ms": found, "help_ms": help_ms, "submission_ms": {"alone": alone, "behind": behind}}
    harness.report("registry", ratios, tiny=options.tiny, details=details)


if __name__ == "__main__":
    main()
