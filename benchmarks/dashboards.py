"""MOSAIC's pages beside those of other dashboards, with the same runs."""

from __future__ import annotations

import shutil
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from benchmarks import harness, peers
from benchmarks.ingest import WORKER_ID, index
from benchmarks.visits import Visit, dashboard
from gym_gui.core.worker.telemetry import TelemetryEmitter
from gym_gui.rpc import start_daemon, stop_daemon
from gym_gui.runs import (
    Ledger,
    RunFolder,
    RunPlan,
    RunState,
    RunSummary,
    WorkerPlan,
    WorkerSummary,
    new_run_id,
    save_plan,
)
from gym_gui.telemetry import Curve
from gym_gui.trainer import DaemonHome, Registry

#: Runs and points of each.
SIZES = ((10, 1_000), (100, 1_000), (1_000, 100))


def installed() -> list[str]:
    """Install the others; return those that are there, and say why the rest is not."""
    missing = {name: why for name in peers.PEERS if (why := peers.install(name))}
    for name, why in missing.items():
        print(f"  {name}: left out: {why}")
    return [name for name in peers.PEERS if name not in missing]


def fill(home: Path, runs: int, points: int) -> None:
    """Fill a home with runs that have ended, each with as many episodes as its curve has points, all on disk."""
    paths = DaemonHome(home)
    paths.prepare()
    registry = Registry(paths.registry)
    for run in range(runs):
        folder = RunFolder.of(home, new_run_id())
        folder.create()
        worker = WorkerPlan(worker_no=1, worker_id=WORKER_ID, worker_type="random", argv=["true"])
        plan = RunPlan(
            run_id=folder.run_id, run_name=f"run {run}", digest="", created_at=float(run), config={}, workers=[worker]
        )
        save_plan(folder, plan)
        curve = Curve()
        with folder.stdout_log(WORKER_ID, 1).open("w", encoding="utf-8") as sink:
            emitter = TelemetryEmitter(folder.run_id, worker_id=WORKER_ID, sink=sink)
            for point in range(points):
                value = float((point * 7919 + run) % 500)
                emitter.episode(point, total_reward=value, steps=1)
                curve.add(point + 1, value)
        index(folder, plan)
        summary = WorkerSummary(
            worker_id=WORKER_ID, worker_type="random", state=RunState.COMPLETED, attempt=1, episodes=points,
            steps=points, mean_return_100=250.0, curve=curve.points(),
        )  # fmt: skip
        registry.add(
            RunSummary(
                run_id=folder.run_id, run_name=f"run {run}", state=RunState.COMPLETED, workers=[summary], report=1,
                episodes=points, steps=points, created_at=float(run), started_at=float(run), ended_at=run + 60.0,
                ledger=Ledger(lines=points, stored=points),
            )
        )  # fmt: skip
    registry.close()


def medians(visits: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure."""
    return {name: statistics.median(each[name] for each in visits) for name in visits[0]}


def mosaic(runs: int, points: int, rounds: int) -> dict[str, Any]:
    """Return the figures of MOSAIC with so many runs of so many points."""
    home = Path(tempfile.mkdtemp(prefix="mosaic-bench-"))
    try:
        fill(home, runs, points)
        start_daemon(home)
        with sync_playwright() as started, dashboard(home) as (address, server, answered):
            browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            visit = Visit(browser, address, server)
            visit("/", "tbody tr")
            ids = ",".join(sorted(path.name for path in (home / "runs").iterdir() if path.name[0] != ".")[:100])
            pages = {"list": ("/?group=none", "tbody tr"), "curves": (f"/?group=none&sel={ids}", "canvas")}
            found = {name: medians([visit(*page) for _ in range(rounds)]) for name, page in pages.items()}
            browser.close()
    finally:
        stop_daemon(home)
        shutil.rmtree(home, ignore_errors=True)
    return {"answered": answered, **found}


def peer(name: str, runs: int, points: int, rounds: int) -> dict[str, Any]:
    """Return the figures of another dashboard with the same runs."""
    about = peers.PEERS[name]
    with tempfile.TemporaryDirectory(prefix="mosaic-bench-") as scratch, sync_playwright() as started:
        peers.write(name, Path(scratch), runs, points)
        with peers.served(name, Path(scratch)) as (address, server, answered):
            browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            visit = Visit(browser, address, server)
            visit(about.listing, about.row)  # it has read the runs then
            pages = {"list": (about.listing, about.row), "curves": (about.curves, about.curve)}
            found = {page: medians([visit(*where) for _ in range(rounds)]) for page, where in pages.items()}
            browser.close()
    return {"answered": answered, **found}


def _tried(name: str, runs: int, points: int, rounds: int) -> dict[str, Any]:
    try:
        return peer(name, runs, points, rounds)
    except (RuntimeError, TimeoutError, PlaywrightError) as error:
        print(f"  {name} with {runs:,} runs x {points:,} points: left out: {str(error).splitlines()[0]}")
        return {}


def compare(sizes: Sequence[tuple[int, int]], rounds: int, names: Sequence[str]) -> dict[str, Any]:
    """Measure MOSAIC and others with the same runs, and print each; return the figures by size and tool."""
    found: dict[str, Any] = {}
    for runs, points in sizes:
        tools: dict[str, Any] = {"MOSAIC": mosaic(runs, points, rounds)}
        tools.update((name, figures) for name in names if (figures := _tried(name, runs, points, rounds)))
        for name, figures in tools.items():
            print(f"  {name}, {runs:,} runs x {points:,} points: answers after {figures['answered']:.2f} s")
            for page in ("list", "curves"):
                seen = figures[page]
                weight = f"{seen['bytes'] / 1024:,.0f} KB in {seen['requests']:.0f} requests"
                memory = f"{seen['heap'] / 2**20:.0f} MB heap, {seen['nodes']:,.0f} nodes"
                print(f"    {page}: {seen['seconds']:.2f} s, {seen['work']:.2f} s of CPU, {weight}, {memory}")
        found[f"{runs}x{points}"] = tools
    return found


def beside(found: dict[str, Any]) -> list[harness.Ratio]:
    """Return MOSAIC's figures as shares of the best other dashboard's."""
    ratios = []
    for size, tools in found.items():
        others = [figures for name, figures in tools.items() if name != "MOSAIC"]
        for page, what in (("list", "the first row"), ("curves", "the first curve")) if others else ():
            for figure in ("seconds", "work", "bytes"):
                best = min(other[page][figure] for other in others)
                share = tools["MOSAIC"][page][figure] / best
                ratios.append(
                    harness.Ratio(f"of the best peer's {figure} to {what}, {size.replace('x', ' x ')}", share, 1)
                )
    return ratios
