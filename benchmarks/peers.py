"""Dashboards of the field that `benchmarks.web` is compared with, each with the same runs as MOSAIC's.

Each is installed from PyPI into an environment of its own (`benchmarks.rivals`); one that cannot be is left out, which
is said.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks import rivals
from benchmarks.live import until

#: Every tool gets the same values: `points` returns of each of `runs` runs.
VALUES = "float((point * 7919 + run) % 500)"


@dataclass(frozen=True)
class Peer:
    """A dashboard.

    Args:
        pin: What is installed.
        write: A program for its interpreter that writes runs: its arguments are a folder, how many, and points of each.
        serve: The command that serves the folder ``{folder}`` at ``{port}``, after its environment's ``bin``.
        listing: The page that lists the runs.
        row: What is there once the first row is shown.
        curves: The page that draws the curves of all runs that it shows at once.
        curve: What is there once the first curve is drawn.
    """

    pin: str
    write: str
    serve: tuple[str, ...]
    listing: str
    row: str
    curves: str
    curve: str


PEERS = {
    "TensorBoard": Peer(
        "tensorboard==2.21.0",
        f"""
import sys
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter
folder, runs, points = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for run in range(runs):
    writer = EventFileWriter(f"{{folder}}/run {{run}}")
    for point in range(points):
        value = Summary.Value(tag="return", simple_value={VALUES})
        writer.add_event(Event(wall_time=1e9 + point, step=point, summary=Summary(value=[value])))
    writer.close()
""",
        ("tensorboard", "--logdir", "{folder}", "--port", "{port}", "--host", "127.0.0.1"),
        "/#timeseries",
        "runs-data-table tb-data-table-content-row",
        "/#timeseries",
        "scalar-card line-chart canvas",
    ),
    "MLflow": Peer(
        rivals.PINS["mlflow"],
        f"""
import sys
import mlflow
from mlflow.entities import Metric
folder, runs, points = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
mlflow.set_tracking_uri(f"sqlite:///{{folder}}/mlflow.db")
client = mlflow.MlflowClient()
experiment = client.create_experiment("bench", artifact_location=f"{{folder}}/artifacts")
for run in range(runs):
    made = client.create_run(experiment, run_name=f"run {{run}}").info.run_id
    values = [Metric("return", {VALUES}, point, point) for point in range(points)]
    for first in range(0, points, 1000):
        client.log_batch(made, metrics=values[first : first + 1000])
    client.set_terminated(made)
""",
        (
            "mlflow", "server", "--backend-store-uri", "sqlite:///{folder}/mlflow.db", "--host", "127.0.0.1",
            "--port", "{port}", "--workers", "1",
        ),
        "/#/experiments/1/runs",
        "[role=row] a[href*='/runs/']",
        "/#/experiments/1/runs?compareRunsMode=CHART",
        ".js-plotly-plot .scatterlayer path.js-line",
    ),
}  # fmt: skip


def install(name: str) -> str:
    """Make sure that a dashboard is there; return why not, empty if it is."""
    return rivals.install(name.lower(), PEERS[name].pin)


def write(name: str, folder: Path, runs: int, points: int) -> None:
    """Write runs as a tool has them.

    Raises:
        RuntimeError: It failed.
    """
    command = [str(_bin(name) / "python"), "-c", PEERS[name].write, str(folder), str(runs), str(points)]
    done = subprocess.run(command, env=_environment(), capture_output=True, text=True, check=False, timeout=1800)
    if done.returncode:
        raise RuntimeError(f"{name}: {(done.stderr.strip().splitlines() or ['failed'])[-1]}")


@contextlib.contextmanager
def served(name: str, folder: Path) -> Iterator[tuple[str, int, float]]:
    """Serve runs; give the address, the process id, and how long it took to answer, seconds."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [word.format(folder=folder, port=port) for word in PEERS[name].serve]
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(_bin(name) / words[0]), *words[1:]], cwd=folder, env=_environment(), stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip

    def answers() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"{name} has ended")
        with contextlib.suppress(urllib.error.URLError, ConnectionError, TimeoutError):
            urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).read()
            return True
        return False

    try:
        until(answers, f"{name} answers", 120.0, 0.005)
        yield f"http://127.0.0.1:{port}", process.pid, time.perf_counter() - began
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            process.wait()


def _bin(name: str) -> Path:
    return rivals.CACHE / name.lower() / "bin"


def _environment() -> dict[str, str]:
    return {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
