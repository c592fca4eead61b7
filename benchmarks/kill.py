"""``kill -9`` of worker, launcher, proxy, daemon, and all at once, at random moments of runs at full speed.

``python -m benchmarks.kill [--tiny] [--rounds N]`` (target T11): what stands in the raw log against what was stored,
the state, how soon events flow again, what processes are left. Every victim dies once a round.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import statistics
import time
from pathlib import Path
from typing import Any

from benchmarks import harness, live
from gym_gui.rpc import TrainerClient, start_daemon
from gym_gui.runs import RunFolder, RunState, RunSummary
from gym_gui.telemetry import RunReader
from gym_gui.telemetry.verify import verify_run
from gym_gui.trainer import DaemonHome

VICTIMS = (
    ("worker",),
    ("launcher",),
    ("proxy",),
    ("daemon",),
    ("proxy", "daemon"),
    ("worker", "launcher", "proxy", "daemon"),
)
#: How long after its first event a worker is killed at most: within the time that it prints for.
MOMENT_S = {"sdk": 0.4, "print": 1.0}
#: A worker that was killed has failed; one whose launcher was killed ended with nobody there to see its exit code.
STATES = {
    ("worker",): {RunState.FAILED},
    ("launcher",): {RunState.FAILED, RunState.COMPLETED},
    ("worker", "launcher", "proxy", "daemon"): {RunState.FAILED},
}


def pids(home: Path, folder: RunFolder) -> dict[str, int]:
    """Return who takes part in a run now."""
    started = json.loads(folder.started_record(live.WORKER_ID, 1).read_bytes())
    daemon = DaemonHome(home).daemon()
    assert daemon is not None
    return {
        "worker": started["worker"]["pid"],
        "launcher": started["launcher"]["pid"],
        "proxy": json.loads(folder.proxy_identity.read_bytes())["pid"],
        "daemon": daemon.pid,
    }


def processes_of(run_id: str) -> list[int]:
    """Return the processes of a run: its worker by its environment, launcher and proxy by their arguments."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            told = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            if run_id.encode() in told and b") Z " not in (entry / "stat").read_bytes():
                found.append(int(entry.name))
    return found


def one(home: Path, how: str, events: int, victims: tuple[str, ...], chance: random.Random) -> dict[str, Any]:
    """Let a run go, kill some of those who take part in it, and see what became of it."""
    with TrainerClient.connect(home) as client:
        run_id = client.submit(live.load(how, events))
        folder = RunFolder.of(home, run_id)
        live.first_event(folder)
        time.sleep(chance.uniform(0.0, MOMENT_S[how]))
        there = pids(home, folder)
        reader = RunReader(folder)
        before = reader.ledger().lines
        ended_before = folder.exit_record(live.WORKER_ID, 1).exists()
        for name in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(there[name], signal.SIGKILL)
        killed = time.monotonic()
        if "daemon" in victims:
            live.until(lambda: DaemonHome(home).daemon() is None, "the daemon's death")
            start_daemon(home)
        restarted = time.monotonic()
        live.until(
            lambda: reader.ledger().lines > before or client.get(run_id).state.terminal, "events that flow again"
        )
        flowing = time.monotonic() - restarted
        run = live.wait(client, run_id)
        ended = time.monotonic()
        with contextlib.suppress(TimeoutError):
            live.until(lambda: not processes_of(run_id), "nobody left", timeout_s=5.0)
        left = processes_of(run_id)
    found = {**_counts(folder), "left": len(left), "flowing_s": flowing, "state": run.state.value, "cause": run.cause}
    expected = {RunState.COMPLETED} if ended_before else STATES.get(victims, {RunState.COMPLETED})
    found["wrong_state"] = int(run.state not in expected)
    verified = verify_run(folder)
    found["unbalanced"] = int(not (verified.ok and run.ledger.balanced and _agrees(run, found)))
    print(
        f"  {how}, {'+'.join(victims)}: {found['printed']:,} printed, {found['stored']:,} stored, {run.state.value}"
        f" ({run.cause}); flowing after {flowing:.2f} s, over {ended - killed:.1f} s after the kill",
        flush=True,
    )
    return found


def _counts(folder: RunFolder) -> dict[str, int]:
    """Count whole events in the raw log, and rows."""
    lines = folder.stdout_log(live.WORKER_ID, 1).read_bytes().split(b"\n")
    printed = len(lines) - 1
    with contextlib.suppress(ValueError):  # a last line that is whole but for its newline counts
        printed += int(isinstance(json.loads(lines[-1]), dict))
    connection = sqlite3.connect(folder.database)
    stored, distinct = connection.execute("SELECT count(*), count(DISTINCT step_index) FROM steps").fetchone()
    connection.close()
    return {"printed": printed, "stored": stored, "lost": printed - distinct, "duplicated": stored - distinct}


def _agrees(run: RunSummary, found: dict[str, Any]) -> bool:
    return bool(run.ledger.stored == found["stored"])


def main() -> None:
    """Measure, and print the ratios last."""
    options = harness.arguments("kill -9 of everything at random moments (T11).", rounds=2)
    events, rounds = (5_000, 1) if options.tiny else (200_000, options.rounds)
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    chance = random.Random(seed)
    found: list[dict[str, Any]] = []
    with live.daemon() as (home, client):
        client.close()
        for number in range(rounds):
            for victims in VICTIMS[2:4] if options.tiny else VICTIMS:
                how = ("sdk", "print")[number % 2]
                found.append({"victims": victims, "how": how, **one(home, how, events, victims, chance)})
    total = {
        name: sum(each[name] for each in found) for name in ("lost", "duplicated", "unbalanced", "wrong_state", "left")
    }
    printed = sum(each["printed"] for each in found)
    flowing = [each["flowing_s"] for each in found]
    ratios = [
        harness.Ratio(f"T11 {len(found)} kills, {printed:,} events printed: lost", total["lost"], 0),
        harness.Ratio("T11 duplicated", total["duplicated"], 0),
        harness.Ratio("T11 runs whose ledger is not as recounted", total["unbalanced"], 0),
        harness.Ratio("T11 runs with a wrong state", total["wrong_state"], 0),
        harness.Ratio("T11 processes left 5 s after the end", total["left"], 0),
        harness.Ratio("T11 s until events flow again, median", statistics.median(flowing), 2),
        harness.Ratio("T11 s until events flow again, worst", max(flowing), 2),
    ]
    harness.report("kill", ratios, tiny=options.tiny, details={"seed": seed, "events": events, "kills": found})


if __name__ == "__main__":
    main()
