"""Measures arms against each other on a machine that others use too.

What counts is CPU seconds and ratios within one run: the arms take turns, so that whatever the machine does meanwhile
happens to all of them, and the median of the rounds is taken.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
ROUNDS = 5
# What is installed has its bytecode compiled; without this every process that is started here would do it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
_STARTED = time.monotonic()
_LOAD_BEFORE = os.getloadavg()[0]


@dataclass
class Ratio:
    """A measured figure and what it should be.

    Args:
        name: What is measured, with its unit.
        value: As measured.
        target: As it should be.
        at_most: Whether the target is an upper bound.
    """

    name: str
    value: float
    target: float
    at_most: bool = True

    @property
    def reached(self) -> bool:
        return self.value <= self.target if self.at_most else self.value >= self.target


@dataclass
class Sample:
    """One turn of one arm, in seconds."""

    cpu_s: float
    wall_s: float


def arguments(
    description: str, rounds: int = ROUNDS, more: Callable[[argparse.ArgumentParser], object] = lambda _: None
) -> argparse.Namespace:
    """Return the options that every benchmark has: `tiny` (bool) and `rounds` (int).

    Args:
        description: What it measures.
        rounds: The default.
        more: Adds further options.
    """
    parser = argparse.ArgumentParser(description=description)
    more(parser)
    parser.add_argument("--tiny", action="store_true", help="a small size: only to see that it works")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"turns of each arm (default {rounds})")
    return parser.parse_args()


def interleave(arms: Mapping[str, Callable[[], None]], rounds: int) -> dict[str, list[Sample]]:
    """Let arms take turns; CPU is that of this process and of its children that ended.

    Args:
        arms: By name, what is measured.
        rounds: How many turns each gets, after none to warm up.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in arms}
    for _ in range(rounds):
        for name, arm in arms.items():
            cpu, wall = cpu_seconds(), time.perf_counter()
            arm()
            samples[name].append(Sample(cpu_seconds() - cpu, time.perf_counter() - wall))
    return samples


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its children that ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def median_cpu(samples: Sequence[Sample]) -> float:
    """Return the median CPU seconds of a turn."""
    return statistics.median(sample.cpu_s for sample in samples)


def ratio_of(samples: Mapping[str, Sequence[Sample]], arm: str, baseline: str) -> float:
    """Return the median of the rounds' CPU ratios of an arm to a baseline."""
    pairs = zip(samples[arm], samples[baseline], strict=True)
    return statistics.median(one.cpu_s / other.cpu_s for one, other in pairs)


def report(name: str, ratios: Sequence[Ratio], *, tiny: bool, details: Mapping[str, Any]) -> None:
    """Write the result as JSON to ``benchmarks/results/`` and print the ratios.

    Args:
        name: The benchmark's name.
        ratios: What it is about.
        tiny: Whether the size was only for trying out.
        details: Everything else worth keeping.
    """
    RESULTS.mkdir(exist_ok=True)
    result = {
        "benchmark": name,
        "tiny": tiny,
        "at": time.time(),
        "commit": _commit(),
        "seconds": time.monotonic() - _STARTED,
        "machine": machine(),
        "ratios": [asdict(ratio) | {"reached": ratio.reached} for ratio in ratios],
        "details": dict(details),
    }
    path = RESULTS / f"{name}{'.tiny' if tiny else ''}.json"
    path.write_text(json.dumps(result, indent=1, default=lambda value: value.__dict__) + "\n", encoding="utf-8")
    print(
        f"written: {path} after {result['seconds']:.0f} s; load {_LOAD_BEFORE:.1f} before, {os.getloadavg()[0]:.1f} now"
    )
    width = max((len(ratio.name) for ratio in ratios), default=0)
    for ratio in ratios:
        sign = "<=" if ratio.at_most else ">="
        outcome = "reached" if ratio.reached else "MISSED"
        print(f"{ratio.name:<{width}}  {ratio.value:12,.3f}  (target {sign} {ratio.target:,g})  {outcome}")


def machine() -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "load": _LOAD_BEFORE,
        "load_after": os.getloadavg()[0],
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def _commit() -> str:
    found = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=12"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip()
