"""Writes a run with a dump of its telemetry database, as this version makes it, into a folder named after the schema.

Run it once for each new schema, before the release that brings it: ``python tests/telemetry/schemas/make.py``. The
folders of earlier schemas stay as they are: the tests open each as a run of that time.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import RunPlan, WorkerPlan, save_plan
from gym_gui.runs.supervisor_log import SupervisorLog
from gym_gui.telemetry.ingest import Ingestor
from gym_gui.telemetry.schema import SCHEMA_VERSION

RUN_ID = "01JD3ZQ0F4M3Y1M5V9S4X1T7KQ"
WORKERS = ("000001", "left_arm")


def lines(worker_id: str, attempt: int) -> list[Any]:
    """Return what a worker prints: every kind of line there is."""
    head = {"run_id": RUN_ID, "worker_id": worker_id}
    printed: list[Any] = [{"event": "run_started", **head, "timestamp": 1.5, "payload": {"attempt": attempt}}]
    for step in range(20):
        values = {"reward": step / 4, "action": [step], "observation": {"x": step}, "hint": "kept"}
        printed += [
            {"event_type": "step", **head, "step_index": step, "ep_index": step // 5, "agent_id": agent, **values}
            for agent in ("a", "b")
        ]
        if step % 5 == 4:
            printed.append({"event_type": "episode", **head, "ep_index": step // 5, "total_reward": step / 2,
                            "steps": 5, "agent_rewards": {"a": 1.0, "b": 2.0}, "terminated": True})  # fmt: skip
            printed.append(
                {"event_type": "metric", **head, "step": step, "values": {"loss": 1 / (step + 1)}, "by": "x"}
            )
    printed.append({"event_type": "episode", **head, "ep_index": 0, "phase": "eval", "total_reward": float("nan")})
    printed += ["loading assets ...", {"event_type": "step", **head}, {"event": "heartbeat", "run_id": "other"}]
    printed.append({"event": "checkpoint_saved", **head, "timestamp": 2.5, "payload": {"path": "/ck/5.pt"}})
    printed.append({"event": "run_completed" if attempt == 2 else "run_failed", **head, "timestamp": 3.5})
    return printed


def build(home: Path) -> RunFolder:
    """Write a run that has ended: two workers, the second of which was tried twice."""
    folder = RunFolder.of(home, RUN_ID)
    folder.create()
    workers = [
        WorkerPlan(worker_no=number, worker_id=name, worker_type="random", argv=["true"])
        for number, name in enumerate(WORKERS, 1)
    ]
    plan = RunPlan(
        run_id=RUN_ID, run_name="of its time", digest="0" * 64, created_at=1.0, config={}, workers=workers
    )  # fmt: skip
    save_plan(folder, plan)
    log = SupervisorLog(folder.supervisor_log)
    for name, attempts in zip(WORKERS, (1, 2), strict=True):
        for attempt in range(1, attempts + 1):
            last = attempt == attempts
            log.append("launch", worker_id=name, attempt=attempt, state="starting", cause="launcher 1", at=1.0)
            log.append("started", worker_id=name, attempt=attempt, state="running", cause="pid 2", pid=2, at=1.1)
            ended = {"code": 0 if last else 1, "signal": None, "reason": ""}
            state = "completed" if last else "queued"
            log.append("exit", worker_id=name, attempt=attempt, state=state, cause="exit", exit=ended, at=4.0)
            text = "".join(
                item + "\n" if isinstance(item, str) else json.dumps(item) + "\n" for item in lines(name, attempt)
            )
            folder.stdout_log(name, attempt).write_text(text)
    log.append("state", state="completed", cause="2 of 2 workers completed", at=5.0)
    log.close()
    ingestor = Ingestor(folder, plan)
    ingestor.add_source(0, "supervisor", 1, folder.supervisor_log)
    ingestor.add_source(1, WORKERS[0], 1, folder.stdout_log(WORKERS[0], 1))
    for attempt in (1, 2):
        ingestor.add_source(2, WORKERS[1], attempt, folder.stdout_log(WORKERS[1], attempt))
    while ingestor.pump().bytes_read:
        pass
    for source in ((0, 1), (1, 1), (2, 1), (2, 2)):
        ingestor.close_source(*source)
    ingestor.finish()
    return folder


def main() -> None:
    """Write the folder of the present schema."""
    target = Path(__file__).parent / f"v{SCHEMA_VERSION}"
    if target.exists():
        raise SystemExit(f"{target} stands already; a schema that was released never changes")
    with tempfile.TemporaryDirectory() as home:
        folder = build(Path(home))
        with contextlib.closing(sqlite3.connect(folder.database)) as connection:
            dump = "\n".join(connection.iterdump()) + "\n"
        folder.database.unlink()
        shutil.rmtree(folder.control)
        shutil.copytree(folder.path, target)
        (target / "telemetry.sql").write_text(dump)


if __name__ == "__main__":
    main()
