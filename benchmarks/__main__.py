"""Run benchmarks, each in a process of its own: ``python -m benchmarks [NAME...] [--quick | --tiny]``."""

from __future__ import annotations

import argparse
import pkgutil
import subprocess
import sys
import time
from pathlib import Path

#: Modules that measure nothing by themselves.
HELPERS = ("__main__", "dashboards", "harness", "live", "load", "many_lines", "page", "peers", "rivals", "visits")
QUICK_ROUNDS = 3


def main() -> int:
    """Run them one after the other; return how many failed."""
    names = sorted(
        module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name not in HELPERS
    )
    parser = argparse.ArgumentParser(description=f"Runs benchmarks one after the other: {', '.join(names)}.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="these only (default: all)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} turns of each arm")
    parser.add_argument("--tiny", action="store_true", help="small sizes: only to see that they work")
    options = parser.parse_args()
    unknown = sorted(set(options.names) - set(names))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(names)}")
    words = ["--tiny"] if options.tiny else []
    words += ["--rounds", str(1 if options.tiny else QUICK_ROUNDS)] if options.quick or options.tiny else []
    failed, began = [], time.monotonic()
    for name in options.names or names:
        print(f"== {name}", flush=True)
        if subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *words], check=False).returncode:
            failed.append(name)
    print(f"all of it took {time.monotonic() - began:.0f} s")
    if failed:
        print("failed:", ", ".join(failed), file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
