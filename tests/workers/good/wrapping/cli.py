from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from .config import load_worker_config

LINE = re.compile(r"episode=(\d+) length=(\d+) return=(\S+)")


class Telemetry:
    def __init__(self, run_id: str) -> None:
        self.head = {"run_id": run_id, "worker_id": os.environ.get("WORKER_ID", "alone")}
        self.lock = threading.Lock()

    def emit(self, **event: object) -> None:
        line = json.dumps({**event, **self.head, "timestamp": time.time()}) + "\n"
        with self.lock:
            sys.stdout.write(line)
            sys.stdout.flush()


def beat(telemetry: Telemetry, done: threading.Event) -> None:
    while not done.wait(2.0):
        telemetry.emit(event="heartbeat", payload={})


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--config", required=True)
    parser.add_argument("--worker-id")
    parser.add_argument("--dry-run", action="store_true")
    options = parser.parse_args()
    config = load_worker_config(options.config)
    telemetry = Telemetry(config.run_id)
    telemetry.emit(event="run_started", payload={"env_id": config.env_id})
    if options.dry_run:
        telemetry.emit(event="run_completed", payload={"status": "dry-run"})
        return 0
    script = [sys.executable, str(Path(__file__).with_name("train.py")), "--env", config.env_id]
    script += ["--seed", str(config.seed or 0), "--episodes", str(config.episodes)]
    child = subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    cancelled = threading.Event()

    def forward(number: int, _frame: object) -> None:
        cancelled.set()
        child.send_signal(number)

    signal.signal(signal.SIGTERM, forward)
    done = threading.Event()
    threading.Thread(target=beat, args=(telemetry, done), daemon=True).start()
    assert child.stdout is not None
    for line in child.stdout:
        found = LINE.match(line)
        if found:
            ep, length, total = found.groups()
            telemetry.emit(event_type="episode", ep_index=int(ep), steps=int(length), total_reward=float(total))
        else:
            print(line, end="", file=sys.stderr)
    error = child.stderr.read() if child.stderr else ""
    code = child.wait()
    done.set()
    if cancelled.is_set():
        telemetry.emit(event="run_cancelled", payload={})
        return 143
    if code:
        telemetry.emit(event="run_failed", payload={"error": error.strip()[-300:], "error_type": "ScriptFailed"})
        return 1
    telemetry.emit(event="run_completed", payload={"episodes": config.episodes})
    return 0


if __name__ == "__main__":
    sys.exit(main())
