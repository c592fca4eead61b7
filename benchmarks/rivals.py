"""Trackers of the field, each in a virtual environment of its own that is made on first use.

The environments are kept in ``$XDG_CACHE_HOME/mosaic-benchmarks`` (about 1 GB); delete the folder at any time.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mosaic-benchmarks"
PINS = {"trackio": "trackio==0.43.0", "tensorboardX": "tensorboardX==2.6.5", "mlflow": "mlflow==3.17.2"}

#: Each logs events of six scalars, makes sure that they can be read back, and prints the seconds that it took.
PROGRAMS = {
    "trackio": """
import glob, json, os, sqlite3, sys, time
import trackio
trackio.init(project="bench", name="bench", embed=False)
started = time.perf_counter()
for index in range(int(sys.argv[1])):
    value = index * 0.001
    trackio.log({"a": value, "b": value, "c": value, "d": value, "e": value, "f": value}, step=index)
trackio.finish()
wall = time.perf_counter() - started
(path,) = glob.glob(os.environ["TRACKIO_DIR"] + "/bench*.db")
(rows,) = sqlite3.connect(path).execute("SELECT count(*) FROM metrics").fetchone()
print(json.dumps({"wall_s": wall, "rows": rows}))
""",
    "tensorboardX": """
import glob, json, os, struct, sys, time
from tensorboardX import SummaryWriter
writer = SummaryWriter("logs")
started = time.perf_counter()
for index in range(int(sys.argv[1])):
    value = index * 0.001
    for name in "abcdef":
        writer.add_scalar(name, value, index)
writer.close()
wall = time.perf_counter() - started
(path,) = glob.glob("logs/*tfevents*")
data, place, records = open(path, "rb").read(), 0, 0
while place < len(data):
    place += struct.unpack_from("<Q", data, place)[0] + 16
    records += 1
print(json.dumps({"wall_s": wall, "rows": (records - 1) // 6}))
""",
    "mlflow": """
import json, sqlite3, sys, time
import mlflow
mlflow.set_tracking_uri("sqlite:///bench.db")
mlflow.set_experiment("bench")
with mlflow.start_run():
    mlflow.log_metrics({"warm": 1.0}, step=0)
    started = time.perf_counter()
    for index in range(int(sys.argv[1])):
        value = index * 0.001
        mlflow.log_metrics({"a": value, "b": value, "c": value, "d": value, "e": value, "f": value}, step=index)
    wall = time.perf_counter() - started
(rows,) = sqlite3.connect("bench.db").execute("SELECT count(*) FROM metrics WHERE key = 'a'").fetchone()
print(json.dumps({"wall_s": wall, "rows": rows}))
""",
}


def install(name: str, pin: str = "") -> str:
    """Make sure that a rival is there; return why not, empty if it is.

    Args:
        name: Its name, of which there is one environment.
        pin: What is installed; empty: as in `PINS`.
    """
    folder, pin = CACHE / name, pin or PINS[name]
    marker = folder / ".installed"
    if marker.exists() and marker.read_text().strip() == pin:
        return ""
    print(f"installing {pin} into {folder} ...", flush=True)
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", pin],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stderr.strip().splitlines() or ["it cannot be installed"])[-1]
    marker.write_text(pin)
    return ""


def events_per_second(name: str, events: int) -> float:
    """Let a rival log events of six scalars until they can be read; return how many it managed a second.

    Args:
        name: A rival that is installed.
        events: How many.

    Raises:
        RuntimeError: It failed, or lost some.
    """
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [str(CACHE / name / "bin" / "python"), "-c", PROGRAMS[name], str(events)],
            cwd=scratch,
            env={**os.environ, "TRACKIO_DIR": scratch, "HF_HUB_OFFLINE": "1", "MLFLOW_DISABLE_TELEMETRY": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
    if done.returncode:
        raise RuntimeError(f"{name}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    if found["rows"] != events:
        raise RuntimeError(f"{name}: {found['rows']} of {events} events could be read back")
    return float(events / found["wall_s"])
