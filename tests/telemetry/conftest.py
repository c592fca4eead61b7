"""Runs on disk whose logs the tests write, and lines of every kind that workers print."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from gym_gui.runs.folder import RunFolder
from gym_gui.runs.plan import RunPlan, WorkerPlan
from gym_gui.runs.plan_io import save_plan
from gym_gui.runs.summary import Ledger
from gym_gui.telemetry.ingest import Ingestor

RUN_ID = "01JD3ZQ0F4M3Y1M5V9S4X1T7KQ"


class LoggedRun:
    """A run's folder with logs, and what is in its database."""

    def __init__(self, home: Path, workers: int = 1) -> None:
        self.folder = RunFolder.of(home, RUN_ID)
        self.folder.create()
        names = [f"{number:06d}" for number in range(1, workers + 1)]
        self.plan = RunPlan(
            run_id=RUN_ID,
            run_name="test",
            digest="0" * 64,
            created_at=0.0,
            config={},
            workers=[
                WorkerPlan(worker_no=number, worker_id=name, worker_type="random", argv=["true"])
                for number, name in enumerate(names, 1)
            ],
        )
        save_plan(self.folder, self.plan)

    def log(self, worker_no: int = 1, attempt: int = 1) -> Path:
        return self.folder.stdout_log(f"{worker_no:06d}", attempt)

    def append(self, data: bytes, worker_no: int = 1, attempt: int = 1) -> None:
        with self.log(worker_no, attempt).open("ab") as stream:
            stream.write(data)

    def ingestor(self) -> Ingestor:
        """Open the database, with every log that there is."""
        ingestor = Ingestor(self.folder, self.plan)
        for path in sorted(self.folder.logs.glob("*.stdout.jsonl")):
            worker_id, attempt, *_ = path.name.split(".")
            ingestor.add_source(int(worker_id), worker_id, int(attempt[1:]), path)
        return ingestor

    def ingest(self, max_bytes: int = 4 << 20) -> Ledger:
        """Read every log to its end, closed."""
        ingestor = self.ingestor()
        drain(ingestor, max_bytes)
        for rollup in ingestor.worker_rollups():
            ingestor.close_source(rollup.worker_no, rollup.attempt)
        ledger = ingestor.ledger()
        ingestor.finish()
        return ledger

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder.database)) as connection:
            return connection.execute(statement, values).fetchall()

    def tables(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return every row that identity covers, with names in place of their ids."""
        name = "(SELECT name FROM names WHERE names.id = {})"
        queries = {
            "steps": f"SELECT *, {name.format('agent')} FROM steps ORDER BY id",
            "episodes": f"SELECT *, {name.format('agent')} FROM episodes ORDER BY id",
            "metrics": f"SELECT id, {name.format('metrics.name')}, step, value, timestamp FROM metrics ORDER BY 1, 2",
            "metric_extras": "SELECT * FROM metric_extras ORDER BY id",
            "events": "SELECT * FROM events ORDER BY id",
            "quarantine": "SELECT * FROM quarantine ORDER BY id",
            "rollups": "SELECT * FROM rollups ORDER BY worker_no, attempt",
            "cursors": "SELECT worker_no, attempt, off, base, overlong, closed FROM cursors ORDER BY 1, 2",
        }
        tables = {table: self.query(statement) for table, statement in queries.items()}
        for table in ("steps", "episodes"):
            tables[table] = [(*row[:3], *row[4:]) for row in tables[table]]
        return tables


def drain(ingestor: Ingestor, max_bytes: int = 4 << 20) -> int:
    """Pump until the logs give nothing more; returns the records."""
    records = 0
    while True:
        result = ingestor.pump(max_bytes)
        records += result.records
        if result.caught_up and not result.bytes_read:
            return records


@pytest.fixture
def logged_run(tmp_path: Path) -> LoggedRun:
    """One run with one worker."""
    return LoggedRun(tmp_path)


@pytest.fixture(scope="session")
def new_logged_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., LoggedRun]:
    """Make as many runs as a test needs."""
    return lambda **options: LoggedRun(tmp_path_factory.mktemp("home"), **options)


@pytest.fixture(scope="session")
def sdk_line() -> Callable[..., bytes]:
    """A line as the SDK prints it."""
    return print_line


def print_line(kind: str = "step", **fields: Any) -> bytes:
    key = "event_type" if kind in ("step", "episode", "metric") else "event"
    event = {key: kind, "run_id": RUN_ID, "worker_id": "000001", **fields}
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"


@pytest.fixture(scope="session")
def drain_logs() -> Callable[..., int]:
    """Pump an ingestor dry."""
    return drain


_strange = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 3),
    st.sampled_from([2**62, 2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 2**64, 10**400]),
    st.floats(),
    st.sampled_from([3.0, 1e30, -0.0, 1e308]),
    st.text(max_size=5),
    st.sampled_from(["train", "eval", "\ud800", "\U0001f600", "a\x00b", "NaN", "2026-01-01T00:00:00Z", "{", '"}']),
    st.lists(st.integers(0, 5), max_size=3),
    st.dictionaries(st.text(max_size=3), st.one_of(st.none(), st.floats(), st.booleans(), st.integers()), max_size=3),
)
_keys = st.sampled_from(
    [
        *("event_type", "event", "type", "run_id", "worker_id", "step_index", "ep_index", "episode", "agent_id"),
        *("reward", "terminated", "truncated", "action", "observation", "info", "timestamp", "phase", "total_reward"),
        *(
            "steps",
            "length",
            "success",
            "agent_rewards",
            "seed",
            "values",
            "step",
            "payload",
            "dropped",
            "sampled",
            "x",
            "episode_index",
            "num_steps",
            "episode_return",
        ),
    ]
)
_kinds = st.sampled_from(
    ["step", "episode", "episode_end", "metric", "run_started", "heartbeat", "checkpoint_saved", "banana", "", 3, None]
)


_whole = st.sampled_from(
    [
        {"event_type": "step", "step_index": 3, "ep_index": 1, "reward": 0.5, "terminated": False, "truncated": True},
        {
            "event_type": "step",
            "step_index": 3,
            "agent_id": "a",
            "action": [1],
            "observation": {"x": "y"},
            "timestamp": 1,
        },
        {"event_type": "episode", "ep_index": 2, "total_reward": 1.5, "steps": 9, "phase": "train", "success": True},
        {"type": "episode", "episode": 2, "length": 3, "agent_id": "a", "agent_rewards": {"a": 1}, "sampled": 3},
        {"type": "episode", "episode_index": 0, "num_steps": 6, "total_reward": 0.0},
        {"type": "episode_end", "episode_index": 1, "episode_steps": 6, "episode_return": 2.5},
        {"type": "episode_done", "total_reward": 1.0, "episode_length": 6},
        {"type": "step", "step_index": 2, "episode_index": 1, "reward": 0.5},
        {"event_type": "metric", "step": 4, "values": {"loss": 0.5}},
        {"event": "heartbeat", "timestamp": 2.5, "payload": {"step": 3}, "dropped": 2},
        {"event": "banana"},
        {"a": {"event_type": "step", "step_index": 1}},
        {},
    ]
)


@st.composite
def _telemetry(draw: st.DrawFn) -> bytes:
    event: dict[str, Any] = dict(draw(_whole))
    event.update(
        draw(st.fixed_dictionaries({}, optional={"run_id": st.sampled_from([RUN_ID, RUN_ID, RUN_ID, "x", 3])}))
    )
    for name in draw(st.lists(st.sampled_from(sorted(event)) if event else _keys, max_size=2)):
        event[name] = draw(_strange)
    if draw(st.integers(0, 3)) == 0:
        event[draw(_keys)] = draw(_strange)
    if draw(st.integers(0, 5)) == 0:
        event[draw(st.sampled_from(["event_type", "event", "type"]))] = draw(_kinds)
    compact = draw(st.booleans())
    text = json.dumps(event, separators=(",", ":") if compact else None, ensure_ascii=draw(st.booleans()))
    return text.encode("utf-8", "surrogatepass").replace(b"\n", b" ")


def _nested(depth: int, opening: bytes, closing_: bytes, *, whole: bool) -> bytes:
    return (
        b'{"event_type":"step","step_index":1,"observation":' + opening * depth + b"1" + closing_ * depth * whole + b"}"
    )


_piece = st.one_of(
    _telemetry(),
    _telemetry(),
    _telemetry(),
    st.binary(max_size=12),
    st.sampled_from(
        [b"", b" ", b"\r", b"50%|###   |\r", b"{", b'{"', b'{"a":{"event":"heartbeat"}}', b'[{"type":"step"}]']
    ),
    st.builds(
        _nested,
        st.sampled_from([1, 250, 254, 255, 256, 257, 300, 900, 2000]),
        st.sampled_from([b"[", b'{"a":']),
        st.sampled_from([b"]", b"}"]),
        whole=st.booleans(),
    ),
    st.integers(3990, 5000).map(lambda digits: b'{"event":"heartbeat","payload":' + b"7" * digits + b"}"),
)


@st.composite
def _spoiled(draw: st.DrawFn) -> bytes:
    data = b"".join(draw(st.lists(_piece, min_size=1, max_size=3)))
    if draw(st.booleans()):
        cut = draw(st.integers(0, len(data)))
        data = data[:cut]
    if draw(st.booleans()):
        place = draw(st.integers(0, len(data)))
        data = data[:place] + draw(_piece) + data[place:]
    if data and draw(st.booleans()):
        place = draw(st.integers(0, len(data) - 1))
        data = (
            data[:place]
            + draw(st.sampled_from([b"\xff", b"\x00", b'"', b"{", b"}", b"\\", b"e", b"\xc3\xa4"]))
            + data[place + 1 :]
        )
    return data


@pytest.fixture(scope="session")
def any_line() -> st.SearchStrategy[bytes]:
    """Lines of every kind, without their newline."""
    return st.one_of(_piece, _spoiled()).map(lambda data: data.replace(b"\n", b" "))


@pytest.fixture(scope="session")
def any_log(any_line: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Logs of lines of every kind; the last may lack its newline."""
    lines = st.lists(any_line, max_size=12)
    return st.builds(lambda lines, end: b"\n".join(lines) + end, lines, st.sampled_from([b"", b"\n"]))
