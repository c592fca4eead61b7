"""Listing 20 workers that have an environment each, of 150 packages.

``python -m benchmarks.listing [--tiny] [--rounds N]``. Nothing is imported or started for it: what each worker says of
itself was written down when it was installed.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks import harness
from gym_gui.workers import WorkerCatalog
from gym_gui.workers.environments import EnvironmentFolder, WorkerEnvironment

WORKERS, PACKAGES = 20, 150
INIT = "def get_worker_metadata():\n    return {'name': 'x'}, {'worker_type': 'x'}\n"


def environment(home: Path, name: str) -> None:
    """Write what an install of a worker leaves behind, with this interpreter in place of a copy of it."""
    folder = EnvironmentFolder(home, name)
    path = folder.version(1)
    site = path / "lib" / "python3" / "site-packages"
    own = site / f"{name}_worker-1.0.dist-info"
    for info in (own, *(site / f"library{number}-1.0.dist-info" for number in range(PACKAGES))):
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {info.name.partition('-')[0]}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[console_scripts]\nx = x:main\n")
        (info / "RECORD").write_text("")
    (own / "entry_points.txt").write_text(f"[mosaic.workers]\n{name} = {name}_worker:get_worker_metadata\n")
    (site / f"{name}_worker").mkdir()
    (site / f"{name}_worker" / "__init__.py").write_text(INIT)
    python = path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{site}" exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    WorkerEnvironment(
        name=name, number=1, python=str(python), search_path=[str(site)], base_python=sys.executable,
        python_version="3", origin="", metadata=[str(own)], install_stamp=site.stat().st_mtime_ns,
    ).save()  # fmt: skip
    folder.use(1)


def median(act: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Return the median CPU time and time by the clock, milliseconds, children included."""
    cpu, wall = [], []
    for _ in range(rounds):
        began = (harness.cpu_seconds(), time.perf_counter())
        act()
        cpu.append((harness.cpu_seconds() - began[0]) * 1e3)
        wall.append((time.perf_counter() - began[1]) * 1e3)
    return statistics.median(cpu), statistics.median(wall)


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("Listing 20 workers with environments of their own.")
    workers, rounds = (3, 3) if options.tiny else (WORKERS, max(options.rounds, 15))
    with tempfile.TemporaryDirectory() as scratch:
        home = Path(scratch)
        for number in range(workers):
            environment(home, f"worker{number}")
        began = time.perf_counter()
        listed = WorkerCatalog(home).list()
        asked_s = time.perf_counter() - began
        assert sum(record.environment != "" and not record.broken for record in listed) == workers
        command = [str(Path(sys.executable).with_name("mosaic")), "workers", "list", "--json"]
        variables = {**os.environ, "MOSAIC_HOME": str(home)}
        catalog = median(lambda: WorkerCatalog(home).list(), rounds)
        whole = median(lambda: subprocess.run(command, env=variables, stdout=subprocess.DEVNULL, check=True), rounds)
        bare = median(lambda: subprocess.run([*command[:1], "--help"], stdout=subprocess.DEVNULL, check=True), rounds)
    print(f"  asked for the first time: {asked_s:.1f} s by the clock")
    for name, (cpu, wall) in {"catalog": catalog, "mosaic workers list": whole, "mosaic --help": bare}.items():
        print(f"  {name}: {cpu:.0f} ms CPU, {wall:.0f} ms by the clock")
    ratios = [
        harness.Ratio(f"listing {workers} workers, ms by the clock", catalog[1], 200),
        harness.Ratio(f"`mosaic workers list` with {workers} workers, ms of CPU", whole[0], 300),
    ]
    details = {"catalog_ms": catalog, "command_ms": whole, "help_ms": bare, "first_s": asked_s, "packages": PACKAGES}
    harness.report("listing", ratios, tiny=options.tiny, details=details)


if __name__ == "__main__":
    main()
